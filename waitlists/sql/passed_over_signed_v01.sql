-- Refuse changes of how often entries were passed over, which their receipts show, by anyone but
-- the application (audit_signed) and the owner. Runs once per statement, not per entry.
CREATE OR REPLACE FUNCTION evently_passed_over_signed() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT audit_signed()
        AND current_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    THEN
        RAISE EXCEPTION 'only making offers counts who was passed over'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_passed_over';
    END IF;
    RETURN NULL;
END
$$;
