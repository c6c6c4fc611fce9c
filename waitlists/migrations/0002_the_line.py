"""The line: who may join, in which order they stand, and what an offer may be and become."""

from django.db import migrations

from evently.audit.migration import audited
from evently.database.sql import foreign_key, function_and_triggers

SHARED = """
-- What waits for a lock and then reads must see what was committed meanwhile. A transaction that
-- reads as of its beginning would rank a line without those who have joined since.
CREATE FUNCTION evently_read_committed() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'seats and the line change in READ COMMITTED transactions only'
            USING ERRCODE = 'invalid_transaction_state', CONSTRAINT = 'trg_read_committed';
    END IF;
END
$$;

-- Every write that touches the line first locks its event. Rows that refer to the event can
-- still be inserted meanwhile.
CREATE FUNCTION evently_lock_event(event uuid) RETURNS events
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    locked events;
BEGIN
    PERFORM evently_read_committed();
    SELECT * INTO locked FROM events WHERE id = event FOR NO KEY UPDATE;
    RETURN locked;
END
$$;

-- Whether seats of an event can be had at all now, the number of free ones aside.
CREATE FUNCTION evently_on_sale(e events) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT e.status = 'active'
        AND coalesce(e.published_at <= evently_clock(), false)
        AND coalesce(e.sales_start_at <= evently_clock(), true)
        AND coalesce(e.sales_end_at > evently_clock(), true)
        AND e.event_date > evently_clock()
$$;

-- `fits`, the one meaning of it: a waiting entry would do with so many seats.
CREATE FUNCTION evently_somebody_fits(event uuid, free_seats int) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM waitlists
        WHERE event_id = event AND status = 'waiting' AND min_quantity <= free_seats)
$$;

-- All that one person has or claims of an event: bookings, open offers, the place in line. An
-- offer therefore never exceeds the limit, for the place in line counted before it.
CREATE FUNCTION evently_seats_of_person(event uuid, person uuid) RETURNS int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (
        coalesce((SELECT sum(quantity) FROM bookings
            WHERE user_id = person AND event_id = event
                AND status IN ('pending', 'confirmed')), 0)
        + coalesce((SELECT sum(quantity) FROM waitlist_promotions
            WHERE event_id = event AND user_id = person AND status = 'pending'), 0)
        + coalesce((SELECT sum(quantity) FROM waitlists
            WHERE user_id = person AND event_id = event AND status = 'waiting'), 0))::int
$$;

-- These run with their owner's rights, for triggers only.
REVOKE ALL ON FUNCTION evently_lock_event(uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION evently_somebody_fits(uuid, int) FROM PUBLIC;
REVOKE ALL ON FUNCTION evently_seats_of_person(uuid, uuid) FROM PUBLIC;
"""

JOINING = """
-- Who may stand in line. The moment of joining is taken under the event's lock, so that nobody
-- who joined later comes in ahead of somebody who was told their position.
CREATE FUNCTION evently_waitlists_join() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event events;
BEGIN
    IF NEW.status <> 'waiting' THEN
        IF NEW.status = 'promoted' THEN
            RAISE EXCEPTION 'only who waits is promoted'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_entry_final';
        END IF;
        NEW.position := NULL;
        NEW.unit_price := coalesce(NEW.unit_price, 0);
        RETURN NEW;
    END IF;
    event := evently_lock_event(NEW.event_id);
    -- Where no price is named, the one of this moment was seen.
    NEW.unit_price := coalesce(NEW.unit_price, event.current_price);
    NEW.joined_at := evently_clock();
    NEW.passed_over := 0;
    NEW.position := NULL;
    IF event.id IS NULL THEN
        -- The foreign key is checked at commit, and the event could be made until then.
        RAISE EXCEPTION 'there is no event %', NEW.event_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_waitlists_event';
    END IF;
    IF NOT evently_on_sale(event) THEN
        RAISE EXCEPTION 'event % has no line to join', NEW.event_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_join_closed';
    END IF;
    IF NEW.quantity > least(event.max_per_booking, event.total_capacity) THEN
        RAISE EXCEPTION 'event % gives at most % seats at once', NEW.event_id,
                least(event.max_per_booking, event.total_capacity)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_join_limit';
    END IF;
    IF event.max_per_person IS NOT NULL
        AND evently_seats_of_person(NEW.event_id, NEW.user_id) + NEW.quantity
            > event.max_per_person
    THEN
        RAISE EXCEPTION 'event % gives at most % seats to one person', NEW.event_id,
                event.max_per_person
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_person_limit';
    END IF;
    IF NEW.min_quantity <= event.available_seats
        AND NOT evently_somebody_fits(NEW.event_id, event.available_seats)
    THEN
        RAISE EXCEPTION 'event % has % seats on sale', NEW.event_id, event.available_seats
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_seats_on_sale';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_waitlists_join BEFORE INSERT ON waitlists
    FOR EACH ROW EXECUTE FUNCTION evently_waitlists_join();
-- Joining again takes up the same row, at the end.
CREATE TRIGGER trg_waitlists_rejoin BEFORE UPDATE ON waitlists
    FOR EACH ROW WHEN (NEW.status = 'waiting' AND OLD.status <> 'waiting')
    EXECUTE FUNCTION evently_waitlists_join();

-- A place in line is not moved by hand: position and moment are derived, person and event stay,
-- the price stays what was seen, and whoever wants more seats joins again.
-- (Named to run before the trigger above: of one kind, triggers run by their names.)
CREATE FUNCTION evently_waitlists_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.user_id) IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.user_id)
        OR (NEW.status IN ('waiting', 'promoted') AND OLD.status IN ('waiting', 'promoted')
            AND (NEW.quantity > OLD.quantity OR NEW.unit_price > OLD.unit_price)
            AND NOT (OLD.status = 'promoted' AND NEW.status = 'waiting'))
        OR (NEW.status = 'promoted' AND OLD.status NOT IN ('waiting', 'promoted'))
        OR (NEW.status = 'waiting' AND OLD.status = 'promoted' AND EXISTS (
            SELECT FROM waitlist_promotions
            WHERE waitlist_id = OLD.id AND event_id = OLD.event_id AND status = 'pending'))
    THEN
        RAISE EXCEPTION 'waitlist entry % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_entry_final';
    END IF;
    IF NOT evently_by_trigger(TG_RELID) THEN
        NEW.position := OLD.position;
        NEW.updated_at := evently_clock();
    END IF;
    NEW.joined_at := OLD.joined_at;
    IF NEW.status <> 'waiting' THEN
        NEW.position := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_waitlists_a_guard BEFORE UPDATE ON waitlists
    FOR EACH ROW EXECUTE FUNCTION evently_waitlists_guard();
"""

PERSON = """
CREATE CONSTRAINT TRIGGER trg_waitlists_person AFTER INSERT ON waitlists
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'waiting') EXECUTE FUNCTION evently_person_is_here();
CREATE CONSTRAINT TRIGGER trg_waitlists_person_again AFTER UPDATE ON waitlists
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'waiting' AND OLD.status <> 'waiting')
    EXECUTE FUNCTION evently_person_is_here();
"""
NO_PERSON = """
DROP TRIGGER trg_waitlists_person_again ON waitlists;
DROP TRIGGER trg_waitlists_person ON waitlists;
"""

RANKS = """
-- Positions, once per statement: 1 to n by priority_score descending, then joined_at, then id.
-- EXCEPT ALL tells cheaply which events' order can have changed; joining the two transition
-- tables took seconds in a line of ten thousand.
-- No nested loops: where statistics lag behind, they would join a long line to itself row by row.
CREATE FUNCTION evently_rank_line() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_nestloop = off AS $$
DECLARE
    event uuid;
    touched uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT event_id) INTO touched FROM new_rows WHERE status = 'waiting';
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT event_id) INTO touched FROM old_rows WHERE status = 'waiting';
    ELSE
        SELECT array_agg(DISTINCT event_id) INTO touched FROM (
            (SELECT event_id, id, status = 'waiting', priority_score, joined_at FROM new_rows
             EXCEPT ALL
             SELECT event_id, id, status = 'waiting', priority_score, joined_at FROM old_rows)
        ) moved;
    END IF;
    FOR event IN SELECT DISTINCT unnest(touched) ORDER BY 1 LOOP
        PERFORM evently_lock_event(event);
        -- Planned each time: a plan kept from when the line was short joins ten thousand rows to
        -- ten thousand, one by one.
        EXECUTE $sql$
            UPDATE waitlists w SET position = ranked.rank
            FROM (
                SELECT id, row_number() OVER (ORDER BY priority_score DESC, joined_at, id) AS rank
                FROM waitlists WHERE event_id = $1 AND status = 'waiting'
            ) ranked
            WHERE w.id = ranked.id AND w.event_id = $1 AND w.status = 'waiting'
                AND w.position IS DISTINCT FROM ranked.rank
        $sql$ USING event;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_waitlists_rank_insert AFTER INSERT ON waitlists
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_rank_line();
CREATE TRIGGER trg_waitlists_rank_update AFTER UPDATE ON waitlists
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_rank_line();
CREATE TRIGGER trg_waitlists_rank_delete AFTER DELETE ON waitlists
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_rank_line();
"""

PROMOTIONS = """
-- An offer belongs to a waiting entry, is no more than it asked for and no less than it would
-- do with, and costs no more than was seen on joining.
CREATE FUNCTION evently_promotions_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry waitlists;
BEGIN
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
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_promotions_insert BEFORE INSERT ON waitlist_promotions
    FOR EACH ROW EXECUTE FUNCTION evently_promotions_insert();

CREATE FUNCTION evently_promotions_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'pending'
        OR (NEW.id, NEW.event_id, NEW.user_id, NEW.waitlist_id, NEW.quantity, NEW.unit_price,
            NEW.promoted_at)
            IS DISTINCT FROM
           (OLD.id, OLD.event_id, OLD.user_id, OLD.waitlist_id, OLD.quantity, OLD.unit_price,
            OLD.promoted_at)
        OR (NEW.expires_at <> OLD.expires_at AND NOT evently_by_trigger(TG_RELID))
    THEN
        RAISE EXCEPTION 'promotion % has ended or cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_final';
    END IF;
    IF NEW.status = 'used' AND evently_clock() >= OLD.expires_at THEN
        RAISE EXCEPTION 'promotion % ended at %', OLD.id, OLD.expires_at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_time';
    END IF;
    IF NEW.status <> 'pending' THEN
        NEW.ended_at := evently_clock();
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_promotions_update BEFORE UPDATE ON waitlist_promotions
    FOR EACH ROW EXECUTE FUNCTION evently_promotions_update();

-- At commit, a used promotion has a booking of its own: same event, person and seats.
CREATE FUNCTION evently_promotions_booking() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM bookings b
        WHERE b.id = NEW.booking_id AND b.event_id = NEW.event_id AND b.user_id = NEW.user_id
            AND b.quantity = NEW.quantity)
        AND EXISTS (SELECT FROM waitlist_promotions WHERE id = NEW.id AND event_id = NEW.event_id)
    THEN
        RAISE EXCEPTION 'promotion % was used without a booking of its own', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_booking';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER trg_promotions_booking AFTER UPDATE ON waitlist_promotions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'used') EXECUTE FUNCTION evently_promotions_booking();
"""


class Migration(migrations.Migration):
    """The line and its offers keep their rules by themselves."""

    dependencies = [("waitlists", "0001_initial"), ("bookings", "0003_booking_rules")]
    operations = [
        foreign_key("waitlists", "user_id", "users", on_delete="CASCADE"),
        foreign_key("waitlists", "event_id", "events", on_delete="CASCADE"),
        foreign_key("waitlist_promotions", "waitlist_id", "waitlists", on_delete="CASCADE"),
        foreign_key("waitlist_promotions", "event_id", "events", on_delete="CASCADE"),
        foreign_key("waitlist_promotions", "user_id", "users", on_delete="CASCADE"),
        foreign_key("waitlist_promotions", "booking_id", "bookings", on_delete="CASCADE"),
        function_and_triggers(
            SHARED,
            functions=(
                "evently_read_committed()",
                "evently_lock_event(uuid)",
                "evently_on_sale(events)",
                "evently_somebody_fits(uuid, int)",
                "evently_seats_of_person(uuid, uuid)",
            ),
        ),
        function_and_triggers(
            JOINING, functions=("evently_waitlists_join()", "evently_waitlists_guard()")
        ),
        migrations.RunSQL(PERSON, NO_PERSON),
        function_and_triggers(RANKS, functions=("evently_rank_line()",)),
        function_and_triggers(
            PROMOTIONS,
            functions=(
                "evently_promotions_insert()",
                "evently_promotions_update()",
                "evently_promotions_booking()",
            ),
        ),
        *audited("waitlists", ignore=["passed_over"]),
        *audited("waitlist_promotions"),
    ]
