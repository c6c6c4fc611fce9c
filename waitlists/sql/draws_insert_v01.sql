-- Announce a draw: it begins as open, with the times and the commitment that stay.
--
-- It closes while the waitlist can be joined, and must be revealed before the waitlist closes. One draw of an event is pending or drawn
-- (unq_draw_event); after a void one, the next has the next number.
CREATE OR REPLACE FUNCTION evently_draws_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event events := evently_lock_event(NEW.event_id);
    fresh draws;
BEGIN
    IF event.id IS NULL THEN
        PERFORM evently_refuse(NEW.event_id, 'fk_draws_event');
    END IF;
    IF event.status <> 'active' OR NEW.closes_at <= evently_clock()
        OR NEW.closes_at <= event.sales_start_at
        OR NEW.closes_at > least(event.sales_end_at, event.event_date)
        OR NEW.beacon_at + interval '1 hour' > evently_line_closes_at(event)
    THEN
        PERFORM evently_refuse(NEW.event_id, 'trg_draw_times');
    END IF;
    fresh.id := NEW.id;
    fresh.event_id := NEW.event_id;
    fresh.number := 1 + coalesce((SELECT max(number) FROM draws WHERE event_id = NEW.event_id), 0);
    fresh.status := 'open';
    fresh.closes_at := NEW.closes_at;
    fresh.beacon := NEW.beacon;
    fresh.beacon_name := NEW.beacon_name;
    fresh.beacon_round := NEW.beacon_round;
    fresh.beacon_at := NEW.beacon_at;
    fresh.commitment := NEW.commitment;
    fresh.sealed_secret := NEW.sealed_secret;
    fresh.sealed_with := NEW.sealed_with;
    fresh.void_reason := '';
    fresh.created_at := evently_clock();
    RETURN fresh;
END
$$;
