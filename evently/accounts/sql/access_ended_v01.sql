-- Refuse to go on, as `unverified_access`, while the account of an unverified email address has a
-- password or an API token: whoever set them may not be the owner of the address, and would see what
-- a guest does under it. Locks the user until commit; the caller locks its event before.
CREATE OR REPLACE FUNCTION evently_access_ended(person uuid) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    verified_at timestamptz;
    hash text;
BEGIN
    SELECT email_verified_at, password_hash INTO verified_at, hash
    FROM users WHERE id = person AND deleted_at IS NULL
    FOR NO KEY UPDATE;
    IF NOT FOUND OR (verified_at IS NULL AND (hash NOT LIKE '!%' OR EXISTS (
        SELECT FROM api_tokens
        WHERE user_id = person AND revoked_at IS NULL AND expires_at > evently_clock())))
    THEN
        RAISE EXCEPTION 'user % may have access that was not proved', person
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unverified_access';
    END IF;
END
$$;
