-- Begin a stretch of the public record of an event's line, with the entries that are open now.
-- Expects the event's row to be locked. carried_over: they joined before the record
-- was kept; they keep their places, and count as confirmed.
CREATE OR REPLACE FUNCTION evently_open_line(e events, carried_over boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    blank line_events;
    entry line_events;
    held int;
    open_entry waitlists;
    offer waitlist_promotions;
BEGIN
    INSERT INTO lines (event_id, head)
        VALUES (e.id, encode(sha256(convert_to(e.id::text, 'UTF8')), 'hex'))
        ON CONFLICT (event_id) DO NOTHING;
    UPDATE lines SET (is_open, open_entries, waiting, reserved_ref, most_passed) = (
            -- Nothing is known of passes yet.
            SELECT true, count(*), count(*) FILTER (WHERE status = 'waiting'
                AND (carried_over OR confirmed_at IS NOT NULL)), NULL, 2147483647
            FROM waitlists WHERE event_id = e.id AND status IN ('waiting', 'promoted'))
        WHERE event_id = e.id;
    IF carried_over THEN
        UPDATE waitlists w SET
            ref = evently_new_ref(),
            confirmed_at = coalesce(confirmed_at, joined_at),
            -- Passes count from here.
            public_sales_before = l.public_sales + passed_over
            FROM lines l
            WHERE w.event_id = e.id AND w.status IN ('waiting', 'promoted') AND l.event_id = e.id;
        UPDATE waitlist_promotions p SET ref = w.ref FROM waitlists w
            WHERE p.event_id = e.id AND p.status = 'pending'
                AND w.event_id = e.id AND w.id = p.waitlist_id;
    END IF;
    SELECT coalesce(sum(quantity), 0) INTO held FROM waitlist_promotions
        WHERE event_id = e.id AND status = 'pending';
    entry := blank;
    entry.event_id := e.id;
    entry.kind := 'opened';
    entry.capacity := e.total_capacity;
    entry.free := e.available_seats + held;
    entry.skips := e.max_passes;
    entry.until := evently_line_closes_at(e);
    entry.reason := CASE WHEN carried_over THEN 'carried over' END;
    PERFORM evently_record(entry);
    FOR open_entry IN SELECT * FROM waitlists
        WHERE event_id = e.id AND status IN ('waiting', 'promoted')
        ORDER BY coalesce(ranked_at, joined_at), id
    LOOP
        PERFORM evently_record_joined(open_entry, carried_over);
    END LOOP;
    FOR offer IN SELECT * FROM waitlist_promotions
        WHERE event_id = e.id AND status = 'pending' ORDER BY promoted_at, id
    LOOP
        held := held - offer.quantity;
        PERFORM evently_record_offered(offer, e.available_seats + held, carried_over);
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION evently_open_line(events, boolean) FROM PUBLIC;
