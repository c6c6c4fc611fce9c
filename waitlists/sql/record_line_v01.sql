-- Keep the public record of lines: who joined, was confirmed, moved or left, as pseudonyms.
--
-- Runs once per statement, after the positions are set (triggers of one kind run in the order of
-- their names). What triggers change by themselves (positions, passes) needs no record. Offers and
-- their ends are recorded by the ledger of promotions. Nested loops are off as in evently_rank_line.
CREATE OR REPLACE FUNCTION evently_record_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_nestloop = off AS $$
DECLARE
    was waitlists[] := '{}';
    became waitlists[] := '{}';
    touched uuid;
    event events;
BEGIN
    IF TG_OP = 'UPDATE' AND evently_by_trigger(TG_RELID) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(n) INTO became FROM new_rows n WHERE status IN ('waiting', 'promoted');
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(o) INTO was FROM old_rows o WHERE status IN ('waiting', 'promoted');
    ELSE
        -- The rows as they are now: the rank trigger has numbered them since.
        SELECT array_agg(o), array_agg(n) INTO was, became
            FROM old_rows o JOIN new_rows n ON n.id = o.id
            WHERE o.status IN ('waiting', 'promoted') OR n.status IN ('waiting', 'promoted');
    END IF;
    FOR touched IN
        SELECT event_id FROM unnest(was) UNION SELECT event_id FROM unnest(became) ORDER BY 1
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
