-- Check and record offers that were just made in one statement, and count whom they passed.
--
-- They keep the waitlist's order: to confirmed entries, past no entry that would have fitted and none
-- that reserves. Only an organizer's offers, which give a reason,
-- may be out of order. An entry reserves from the pass that reaches the limit, also within one
-- statement; so what was passed more often than that was passed wrongly.
CREATE OR REPLACE FUNCTION evently_offers_made(e events, offers waitlist_promotions[])
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    free int := e.available_seats + (SELECT sum(quantity) FROM unnest(offers));
    most int := evently_passes_limit(e);
    sold int;
    head record;
    offer record;
    passed record;
    wrong boolean;
BEGIN
    SELECT public_sales INTO sold FROM lines WHERE event_id = e.id;
    SELECT priority_score AS score, coalesce(ranked_at, joined_at) AS rank, id INTO head
        FROM waitlists
        WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL
        ORDER BY priority_score DESC, rank, id LIMIT 1;
    FOR offer IN
        SELECT o AS made, w.confirmed_at IS NOT NULL AS confirmed,
            w.priority_score AS score, coalesce(w.ranked_at, w.joined_at) AS rank, w.id
        FROM unnest(offers) o JOIN waitlists w ON w.event_id = e.id AND w.id = o.waitlist_id
        ORDER BY w.priority_score DESC, rank, w.id
    LOOP
        wrong := false;
        -- Most offers go to the head of the line, past no entry.
        IF head.score > offer.score
            OR head.score = offer.score AND (head.rank, head.id) < (offer.rank, offer.id)
        THEN
            passed := evently_count_passed(e, offer.score, offer.rank, offer.id);
            wrong := coalesce(passed.fewest <= free, false) OR coalesce(passed.passes + sold > most, false);
            UPDATE lines SET most_passed = greatest(most_passed, passed.passes) WHERE event_id = e.id;
        END IF;
        IF (offer.made).organizer_reason = ''
            AND (wrong OR NOT offer.confirmed)
        THEN
            PERFORM evently_refuse(e.id, 'trg_offer_order');
        END IF;
        free := free - (offer.made).quantity;
        PERFORM evently_record_offered(offer.made, free, false);
    END LOOP;
    PERFORM evently_record_reserving(e);
END
$$;

REVOKE ALL ON FUNCTION evently_offers_made(events, waitlist_promotions[]) FROM PUBLIC;
