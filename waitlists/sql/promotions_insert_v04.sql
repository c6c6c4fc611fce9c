-- Check a new promotion against its entry: not more seats than asked for, not fewer than accepted,
-- not above the price seen on joining, and not while a draw is pending. It bears the entry's pseudonym
-- and the event's organizer.
CREATE OR REPLACE FUNCTION evently_promotions_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry waitlists;
    draw_closes_at timestamptz;
BEGIN
    SELECT e.created_by_id, e.draw_closes_at INTO NEW.organizer_id, draw_closes_at
        FROM events e WHERE e.id = NEW.event_id;
    IF draw_closes_at IS NOT NULL THEN
        PERFORM evently_refuse(NEW.event_id, 'trg_draw_pending');
    END IF;
    SELECT * INTO entry FROM waitlists WHERE id = NEW.waitlist_id AND event_id = NEW.event_id;
    IF NEW.status <> 'pending' OR entry.id IS NULL OR entry.user_id <> NEW.user_id
        OR entry.status NOT IN ('waiting', 'promoted')
        OR NEW.quantity NOT BETWEEN entry.min_quantity AND entry.quantity
    THEN
        RAISE EXCEPTION 'promotion does not match its waitlist entry %', NEW.waitlist_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_entry';
    END IF;
    IF NEW.unit_price > entry.unit_price THEN
        RAISE EXCEPTION 'promotion costs %, more than the % seen on joining',
                NEW.unit_price, entry.unit_price
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_price';
    END IF;
    NEW.ref := entry.ref;
    RETURN NEW;
END
$$;
