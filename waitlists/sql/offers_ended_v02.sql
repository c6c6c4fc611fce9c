-- Record how offers ended that held seats until now, and count those that ran out.
--
-- A declined one counts as run out if more than half of its time had passed; none does whose whole
-- time was night, or of which nothing reached the person. of_deleted: their rows are gone.
CREATE OR REPLACE FUNCTION evently_offers_ended(
    e events, offers waitlist_promotions[], of_deleted boolean
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    blank line_events;
    entry line_events;
    offer waitlist_promotions;
    -- Seats that used offers release are taken by their bookings, right after.
    free int := e.available_seats - (SELECT sum(quantity) FROM unnest(offers));
BEGIN
    UPDATE waitlists SET lapses = lapses + 1
        WHERE event_id = e.id AND id IN (
            SELECT o.waitlist_id FROM unnest(offers) o
            WHERE NOT of_deleted AND NOT o.is_at_night AND NOT o.is_unreached
                AND o.ended_at > o.promoted_at + (o.expires_at - o.promoted_at) / 2
                AND (o.status = 'declined'
                    OR o.status = 'expired' AND o.ended_at >= o.expires_at));
    IF NOT EXISTS (SELECT FROM lines WHERE event_id = e.id AND is_open) THEN
        RETURN;
    END IF;
    FOR offer IN SELECT * FROM unnest(offers) ORDER BY promoted_at, id LOOP
        entry := blank;
        entry.event_id := e.id;
        entry.ref := offer.ref;
        -- The time that decided whether it was used in time.
        entry.at := CASE WHEN NOT of_deleted THEN offer.ended_at END;
        free := free + offer.quantity;
        IF of_deleted THEN
            entry.kind := 'declined';
        ELSIF offer.status = 'used' THEN
            entry.kind := 'used';
            entry.seats := coalesce(offer.accepted_quantity, offer.quantity);
            free := free - entry.seats;
        ELSE
            -- Offers of a cancelled event end as expired before their time is over.
            entry.kind := CASE WHEN offer.status = 'expired' AND offer.ended_at >= offer.expires_at
                THEN 'lapsed' ELSE 'declined' END;
        END IF;
        entry.free := free;
        PERFORM evently_record(entry);
    END LOOP;
    IF of_deleted THEN
        PERFORM evently_close_line(e);
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_offers_ended(events, waitlist_promotions[], boolean) FROM PUBLIC;
