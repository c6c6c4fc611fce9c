-- Let the number of the last entry only grow, and keep the one row.
CREATE OR REPLACE FUNCTION evently_register_forward() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.last_number >= OLD.last_number
        AND (NEW.last_number > OLD.last_number OR NEW.last_digest = OLD.last_digest)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the register of erasures only grows'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_register_forward';
END
$$;
