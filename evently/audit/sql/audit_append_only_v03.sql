-- Refuse every change of the audit log that is not an insert by the triggers, the redaction of texts
-- about an erased person (evently_forget_in_trail), or the deletion of rows that are in cold storage
-- (evently_move_to_cold).
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The triggers below insert as the owner, who may also empty the table (a test's flush).
    -- Only the owner's functions redact: the setting alone is worth nothing to other roles.
    IF (TG_OP IN ('INSERT', 'TRUNCATE')
            OR (TG_OP = 'DELETE' AND evently_retiring() = 'cold')
            OR (TG_OP = 'UPDATE' AND current_setting('evently.redacting', true) = 'on'))
        AND pg_has_role(
            current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
    THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the trail is written by triggers only, and append-only'
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'trg_append_only';
END
$$;
