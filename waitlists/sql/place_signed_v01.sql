-- Refuse that anyone but the application (audit_signed) and the owner confirms places, or changes
-- what counts towards an entry's rank. Runs once per statement, not per entry.
CREATE OR REPLACE FUNCTION evently_place_signed() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT audit_signed()
        AND current_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    THEN
        RAISE EXCEPTION 'only the application confirms places on a waitlist'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_place_confirmed';
    END IF;
    RETURN NULL;
END
$$;
