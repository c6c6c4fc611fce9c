-- Insert a guest, unless a user has the email address already; return the user's id.
--
-- A transaction of its own. context: who acts (audit_set_context). digests: of the email address
-- under all known keys, the current one first; a known address may have an older one. Takes the
-- same statements either way, and runs with the rights of its caller.
CREATE OR REPLACE FUNCTION evently_guest(
    context text[], new_id uuid, digests text[], sealed_email text, sealed_name text,
    hash text, sealing_key bytea, key_name text
) RETURNS uuid LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    digest text;
    found uuid;
BEGIN
    PERFORM audit_set_context(context);
    SELECT email_digest INTO digest FROM users WHERE email_digest = ANY (digests) LIMIT 1;
    INSERT INTO users (id, email, email_digest, name, password_hash)
    VALUES (new_id, sealed_email, coalesce(digest, digests[1]), sealed_name, hash)
    ON CONFLICT DO NOTHING;
    INSERT INTO keys.person_keys (user_id, wrapped_key, wrapping_key_name)
    SELECT id, sealing_key, key_name FROM users WHERE id = new_id;
    SELECT id INTO found FROM users WHERE email_digest = ANY (digests) LIMIT 1;
    RETURN found;
END
$$;
