-- End the sessions of a user whose password changes, or whose session version is raised. Django
-- refuses them from then on anyway; this takes them off the list, with their IP addresses.
CREATE OR REPLACE FUNCTION evently_user_sessions_ended() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM user_sessions WHERE user_id = NEW.id;
    RETURN NULL;
END
$$;
