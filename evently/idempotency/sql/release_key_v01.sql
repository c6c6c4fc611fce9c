-- Give back a key that was claimed in this transaction, whose request is refused.
CREATE OR REPLACE FUNCTION evently_release_key(owner uuid, claimed text)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM idempotency_keys WHERE user_id = owner AND key = claimed;
END
$$;
