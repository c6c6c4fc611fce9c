-- Record which waiting entry of an event reserves first, where that has changed.
--
-- Where none does, though most_passed allowed for one (it only rises elsewhere), that is set anew.
CREATE OR REPLACE FUNCTION evently_record_reserving(e events) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry line_events;
    line lines;
    passes int;
BEGIN
    entry.ref := evently_reserving(e);
    SELECT * INTO line FROM lines WHERE event_id = e.id;
    passes := evently_passes_limit(e) - line.public_sales;
    IF entry.ref IS NULL AND line.most_passed >= passes THEN
        UPDATE lines SET most_passed = coalesce((
                SELECT max(passed_over - public_sales_before) FROM waitlists
                WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL
                    AND min_quantity <= e.total_capacity), -public_sales)
            WHERE event_id = e.id;
    END IF;
    IF entry.ref IS DISTINCT FROM line.reserved_ref THEN
        UPDATE lines SET reserved_ref = entry.ref WHERE event_id = e.id;
        IF entry.ref IS NOT NULL THEN
            entry.event_id := e.id;
            entry.kind := 'reserved';
            PERFORM evently_record(entry);
        END IF;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_record_reserving(events) FROM PUBLIC;
