-- While the audit log is filled with organizers: let its owner do that, and change nothing else.
CREATE OR REPLACE FUNCTION audit_filled() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.organizer_id IS NULL
        AND to_jsonb(NEW) - 'organizer_id' = to_jsonb(OLD) - 'organizer_id'
        AND pg_has_role(
            current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the trail is written by triggers only, and append-only'
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'trg_append_only';
END
$$;
