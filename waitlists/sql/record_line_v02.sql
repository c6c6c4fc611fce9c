-- Keep the public record of lines: who joined, was confirmed, moved or left, as pseudonyms.
--
-- Runs once per statement, after the positions are set (triggers of one kind run in the order of
-- their names). What triggers change by themselves (positions, passes) needs no record. Offers and
-- their ends are recorded by the ledger of promotions.
CREATE OR REPLACE FUNCTION evently_record_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was waitlists[];
    became waitlists[];
    touched uuid;
    event events;
BEGIN
    IF TG_OP = 'UPDATE' AND evently_by_trigger(TG_RELID) THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT array_agg(n) INTO became FROM new_rows n;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT array_agg(o) INTO was FROM old_rows o;
    END IF;
    -- Rows that were not open before, and are not now, have no records.
    FOR touched IN
        SELECT event_id FROM unnest(was) WHERE status IN ('waiting', 'promoted')
        UNION SELECT event_id FROM unnest(became) WHERE status IN ('waiting', 'promoted')
        ORDER BY 1
    LOOP
        event := evently_lock_event(touched);
        CONTINUE WHEN event.id IS NULL;
        PERFORM evently_record_entries(
            event,
            (SELECT array_agg(o) FROM unnest(was) o WHERE o.event_id = touched),
            (SELECT array_agg(n) FROM unnest(became) n WHERE n.event_id = touched));
    END LOOP;
    RETURN NULL;
END
$$;
