-- Refuse changes of what a notification says, to whom, and when.
CREATE OR REPLACE FUNCTION notification_frozen() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'what notification % says, to whom and when, cannot be changed', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_notifications_frozen';
END
$$;
