-- Keep erasures as they were written; only the completion of a receipt is added, once.
CREATE OR REPLACE FUNCTION evently_erasure_frozen() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.completed_at IS NULL
        AND (NEW.id, NEW.user_id, NEW.kind, NEW.cause, NEW.erased_at, NEW.number, NEW.line,
            NEW.created_at)
            IS NOT DISTINCT FROM (OLD.id, OLD.user_id, OLD.kind, OLD.cause, OLD.erased_at,
                OLD.number, OLD.line, OLD.created_at)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'erasure % stays as it was written', OLD.number
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_erasure_frozen';
END
$$;
