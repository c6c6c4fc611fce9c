-- Record an offer; one out of order after the organizer's reason for it. free: seats left after it.
CREATE OR REPLACE FUNCTION evently_record_offered(
    offer waitlist_promotions, free int, carried_over boolean
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    blank line_events;
    entry line_events;
BEGIN
    entry.event_id := offer.event_id;
    entry.ref := offer.ref;
    entry.seats := offer.quantity;
    entry.at := least(offer.promoted_at, evently_clock());
    IF offer.organizer_reason <> '' OR carried_over THEN
        entry.kind := 'override';
        entry.reason := CASE WHEN carried_over THEN 'carried over' ELSE offer.organizer_reason END;
        PERFORM evently_record(entry);
        entry.reason := NULL;
    END IF;
    entry.kind := 'offered';
    entry.free := free;
    entry.until := offer.expires_at;
    SELECT freed_seq INTO entry.cause FROM lines WHERE event_id = offer.event_id;
    PERFORM evently_record(entry);
END
$$;

REVOKE ALL ON FUNCTION evently_record_offered(waitlist_promotions, int, boolean) FROM PUBLIC;
