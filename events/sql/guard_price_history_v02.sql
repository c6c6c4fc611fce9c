-- Keep the price history append-only: rows are written by the trigger on events, and deleted with
-- their event; old ones are joined day by day (evently_compress_prices), and go to cold storage.
CREATE OR REPLACE FUNCTION evently_guard_price_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF evently_by_trigger(TG_RELID) AND TG_OP <> 'UPDATE' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP <> 'INSERT' AND evently_retiring() IS NOT NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'price history is written by the database and never changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_append_only';
END
$$;
