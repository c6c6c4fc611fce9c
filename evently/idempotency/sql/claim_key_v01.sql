-- Insert an idempotency key in the caller's transaction; return false where it exists.
--
-- While another transaction has inserted the same key and not ended, this one waits for it, and is
-- refused as `request_in_progress` where that takes longer than the lock time-out.
CREATE OR REPLACE FUNCTION evently_claim_key(
    owner uuid, claimed text, request_method text, request_path text, digest text
) RETURNS boolean LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO idempotency_keys (user_id, key, method, path, body_digest)
    VALUES (owner, claimed, request_method, request_path, digest)
    ON CONFLICT (user_id, key) DO NOTHING;
    RETURN FOUND;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'the first request with this key has not ended'
        USING ERRCODE = 'lock_not_available', CONSTRAINT = 'request_in_progress';
END
$$;
