-- Make the key of this month's pseudonyms, and destroy the one before; false if it exists already.
--
-- TRUNCATE and not DELETE, which would leave the old key in the table's file until it is vacuumed.
-- The key comes from gen_random_uuid(), of which each gives 122 bits that cannot be guessed.
CREATE OR REPLACE FUNCTION evently_rotate_pseudonyms() RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    this_month date := date_trunc('month', evently_clock() AT TIME ZONE 'UTC');
BEGIN
    -- One at a time, before any lock of the table that two could both have and both want more of.
    PERFORM pg_advisory_xact_lock(hashtext('evently_rotate_pseudonyms'));
    IF EXISTS (SELECT FROM secrets.pseudonym_keys WHERE month = this_month) THEN
        RETURN false;
    END IF;
    TRUNCATE secrets.pseudonym_keys;
    INSERT INTO secrets.pseudonym_keys (month, inner_pad, outer_pad)
    SELECT this_month, string_agg(random, '') FILTER (WHERE part <= 2),
        string_agg(random, '') FILTER (WHERE part > 2)
    FROM (
        SELECT part, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
            || uuid_send(gen_random_uuid())) AS random
        FROM generate_series(1, 4) part
    ) parts;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION evently_rotate_pseudonyms() FROM PUBLIC;
