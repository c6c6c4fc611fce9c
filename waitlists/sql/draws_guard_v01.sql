-- Keep draws: they are deleted only with their event.
CREATE OR REPLACE FUNCTION evently_draws_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() > 1 THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'draws are kept with their event'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_append_only';
END
$$;
