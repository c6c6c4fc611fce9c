-- Keep seats and version of an event consistent, whatever a client writes, and its organizer: the rows
-- of the event bear it, and say by it who may see them.
--
-- available_seats follows the capacity; only the ledger moves it otherwise. draw_closes_at is that of
-- the pending draw. version counts edits by organizers: moved seats, prices moved by a rule, and the
-- rule's bounds (trg_events_price_rule) do not count.
CREATE OR REPLACE FUNCTION evently_events_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    derived text[] := ARRAY['available_seats', 'draw_closes_at', 'version', 'updated_at',
        'price_floor', 'price_ceiling'];
BEGIN
    IF evently_by_trigger(TG_RELID) THEN
        RETURN NEW;
    END IF;
    IF NEW.created_by_id IS DISTINCT FROM OLD.created_by_id THEN
        RAISE EXCEPTION 'event % stays with the organizer who created it', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_event_organizer',
                HINT = 'Make others managers of it, in event_staff.';
    END IF;
    NEW.id := OLD.id;
    NEW.version := OLD.version;
    NEW.draw_closes_at := OLD.draw_closes_at;
    NEW.available_seats := OLD.available_seats + NEW.total_capacity - OLD.total_capacity;
    IF NEW.available_seats < 0 THEN
        RAISE EXCEPTION 'event % has % seats booked and held',
                OLD.id, OLD.total_capacity - OLD.available_seats
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_capacity_in_use';
    END IF;
    IF nullif(current_setting('evently.price_rule', true), '') IS NOT NULL THEN
        derived := derived || 'current_price'::text;
    END IF;
    IF to_jsonb(NEW) - derived IS DISTINCT FROM to_jsonb(OLD) - derived THEN
        NEW.version := OLD.version + 1;
        NEW.updated_at := evently_clock();
    END IF;
    RETURN NEW;
END
$$;
