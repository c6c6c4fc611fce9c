-- Destroy the keys of deleted users; without a key, nothing sealed under it can be opened again.
CREATE OR REPLACE FUNCTION user_key_destroyed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE keys.person_keys;
    ELSE
        DELETE FROM keys.person_keys WHERE user_id IN (SELECT id FROM old_rows);
    END IF;
    RETURN NULL;
END
$$;
