-- Refuse that anything but a draw gives places in it: its trigger runs with the owner's privileges.
CREATE OR REPLACE FUNCTION evently_draw_place_drawn() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT evently_by_trigger(TG_RELID) THEN
        RAISE EXCEPTION 'places in a draw are drawn'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_draw_place';
    END IF;
    RETURN NULL;
END
$$;
