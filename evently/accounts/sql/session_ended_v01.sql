-- End the session of a listed session that is deleted: its cookie logs in no more.
CREATE OR REPLACE FUNCTION evently_session_ended() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM django_session
    WHERE encode(sha256(session_key::bytea), 'hex') = OLD.session_digest;
    RETURN NULL;
END
$$;
