-- Refuse changes of which notification an email was for, and of when it was delivered.
CREATE OR REPLACE FUNCTION delivery_frozen() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'what % % delivered, and when, cannot be changed', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_delivery_frozen';
END
$$;
