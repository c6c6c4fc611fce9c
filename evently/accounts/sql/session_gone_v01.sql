-- Take a session that is deleted off the list of its user: at logout, and once it has expired.
CREATE OR REPLACE FUNCTION evently_session_gone() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM user_sessions
    WHERE session_digest = encode(sha256(OLD.session_key::bytea), 'hex');
    RETURN NULL;
END
$$;
