-- Record each step of a draw, and say on the event whether one is pending; once drawn, rank the
-- places that took part.
--
-- They get times before all others that wait, a millisecond apart, so that an organizer can still
-- move an entry between two of them.
CREATE OR REPLACE FUNCTION evently_draw_step() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry line_events;
    event events;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.status = OLD.status THEN
        RETURN NULL;
    END IF;
    INSERT INTO lines (event_id, head) VALUES (NEW.event_id, evently_sha256(NEW.event_id::text))
        ON CONFLICT (event_id) DO NOTHING;
    entry.event_id := NEW.event_id;
    entry.kind := CASE NEW.status WHEN 'open' THEN 'draw' ELSE NEW.status END;
    IF NEW.status IN ('open', 'void', 'drawn') THEN
        UPDATE events SET
            draw_closes_at = CASE WHEN NEW.status = 'open' THEN NEW.closes_at END
            WHERE id = NEW.event_id RETURNING * INTO event;
    END IF;
    -- The time that was checked; the event's row has been locked since.
    entry.at := coalesce(NEW.ended_at, NEW.frozen_at, NEW.created_at);
    IF NEW.status = 'open' THEN
        entry.beacon := NEW.beacon_name;
        entry.commitment := NEW.commitment;
        entry.due := NEW.beacon_at;
        entry.until := NEW.closes_at;
    ELSIF NEW.status = 'frozen' THEN
        entry.list := NEW.list_hash;
        entry.lots := NEW.lots;
    ELSIF NEW.status = 'void' THEN
        entry.reason := NEW.void_reason;
    ELSE
        entry.beacon := NEW.beacon_value;
        entry.secret := NEW.secret;
        IF NEW.lots > 0 THEN
            entry.rank := (SELECT min(coalesce(ranked_at, joined_at)) FROM waitlists
                WHERE event_id = NEW.event_id AND status = 'waiting');
            entry.rank := coalesce(entry.rank, NEW.closes_at) - NEW.lots * interval '1 millisecond';
        END IF;
    END IF;
    PERFORM evently_record(entry);
    IF NEW.status = 'drawn' THEN
        UPDATE waitlists w SET
            draw_place = p.place,
            ranked_at = entry.rank + (p.place - 1) * interval '1 millisecond',
            priority_reason = format('Place %s of %s in the draw.', p.place, NEW.lots)
            FROM evently_draw_places(NEW.seed, NEW.refs) p
            WHERE w.event_id = NEW.event_id AND w.status = 'waiting' AND w.ref = p.ref;
        PERFORM evently_record_reserving(event);
    END IF;
    RETURN NULL;
END
$$;
