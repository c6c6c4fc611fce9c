-- Check and record offers whose end was just moved to a later time: not past the end of the waitlist.
CREATE OR REPLACE FUNCTION evently_offers_moved(offers waitlist_promotions[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    blank line_events;
    entry line_events;
    event events;
    offer waitlist_promotions;
BEGIN
    FOR offer IN SELECT * FROM unnest(offers) ORDER BY event_id, promoted_at, id LOOP
        event := evently_lock_event(offer.event_id);
        IF offer.expires_at > evently_line_closes_at(event) THEN
            PERFORM evently_refuse(event.id, 'trg_promotion_time');
        END IF;
        CONTINUE WHEN NOT EXISTS (SELECT FROM lines WHERE event_id = event.id AND is_open);
        entry := blank;
        entry.event_id := event.id;
        entry.kind := 'extended';
        entry.ref := offer.ref;
        entry.until := offer.expires_at;
        PERFORM evently_record(entry);
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION evently_offers_moved(waitlist_promotions[]) FROM PUBLIC;
