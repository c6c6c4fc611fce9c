"""The ledger: total_capacity = available_seats + booked + held, at every moment.

Seats move by statement triggers with transition tables, so whatever statement changes a booking
or an offer moves exactly its seats: `ON CONFLICT DO NOTHING`, quantity changes, deletions and
cascades too. One conditional update of the event takes the seats and is the lock.

It stands here, at the top, for it knows bookings, offers and the line.
"""

from django.db import migrations

from evently.database.sql import function_and_triggers

MOVING = """
CREATE TYPE evently_seat_change AS (event_id uuid, net int, taken int);

CREATE FUNCTION evently_refuse(event uuid, reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seats of event % refused: %', event, reason
        USING ERRCODE = 'check_violation', CONSTRAINT = reason;
END
$$;

-- Moves `net` seats of an event (above 0: taken; below 0: given back) and returns the event as
-- it is then, locked. NULL where too few are free, or where the event is just being deleted.
CREATE FUNCTION evently_move_seats(event uuid, net int) RETURNS events
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moved events;
BEGIN
    PERFORM evently_read_committed();
    UPDATE events SET available_seats = available_seats - net
        WHERE id = event AND available_seats >= net
        RETURNING * INTO moved;
    RETURN moved;
END
$$;
REVOKE ALL ON FUNCTION evently_move_seats(uuid, int) FROM PUBLIC;
"""

BOOKINGS = """
-- Refusals come in one order: closed, limits, sold out, somebody in line first, price.
-- A booking that takes up a used promotion had its seats held: the sales window, the limits and
-- the line are not in its way, for they were settled when the offer was made (`taken` leaves it
-- out). Rows are weighed by whether their status holds seats.
CREATE FUNCTION evently_ledger_bookings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changes evently_seat_change[];
    change evently_seat_change;
    event events;
    sold_out boolean;
    refused boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(ROW(event_id, net, taken)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT b.event_id, sum(b.quantity) AS net,
                coalesce(sum(b.quantity) FILTER (WHERE NOT EXISTS (
                    SELECT FROM waitlist_promotions p
                    WHERE p.booking_id = b.id AND p.event_id = b.event_id
                        AND p.user_id = b.user_id AND p.quantity = b.quantity
                        AND p.status = 'used')), 0) AS taken
            FROM new_rows b WHERE b.status IN ('pending', 'confirmed')
            GROUP BY b.event_id) sums;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(ROW(event_id, net, 0)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, -sum(quantity) AS net
            FROM old_rows WHERE status IN ('pending', 'confirmed')
            GROUP BY event_id) sums;
    ELSE
        SELECT array_agg(ROW(event_id, net, taken)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, sum(seats) AS net, sum(greatest(seats, 0)) AS taken FROM (
                SELECT id, event_id, sum(seats) AS seats FROM (
                    SELECT id, event_id, quantity AS seats
                    FROM new_rows WHERE status IN ('pending', 'confirmed')
                    UNION ALL
                    SELECT id, event_id, -quantity
                    FROM old_rows WHERE status IN ('pending', 'confirmed')
                ) weighed GROUP BY id, event_id HAVING sum(seats) <> 0
            ) rows_changed GROUP BY event_id) sums;
    END IF;

    FOREACH change IN ARRAY coalesce(changes, '{}') LOOP
        event := evently_move_seats(change.event_id, change.net);
        sold_out := event.id IS NULL AND change.net > 0;
        IF event.id IS NULL THEN
            SELECT * INTO event FROM events WHERE id = change.event_id;
            IF NOT FOUND THEN
                CONTINUE WHEN change.net <= 0;
                -- The foreign key is checked at commit, and the event could be made until then,
                -- with all its seats free.
                PERFORM evently_refuse(change.event_id, 'fk_bookings_event');
            END IF;
        END IF;
        IF change.net > 0 AND event.status <> 'active' THEN
            PERFORM evently_refuse(event.id, 'trg_sales_open');
        END IF;
        IF change.taken > 0 THEN
            IF NOT evently_on_sale(event) THEN
                PERFORM evently_refuse(event.id, 'trg_sales_open');
            END IF;
            SELECT bool_or(quantity > event.max_per_booking) INTO refused
                FROM new_rows WHERE event_id = event.id AND status <> 'cancelled';
            IF refused THEN
                PERFORM evently_refuse(event.id, 'trg_booking_limit');
            END IF;
            IF event.max_per_person IS NOT NULL THEN
                SELECT bool_or(evently_seats_of_person(event.id, user_id) > event.max_per_person)
                    INTO refused
                    FROM (SELECT DISTINCT user_id FROM new_rows WHERE event_id = event.id) people;
                IF refused THEN
                    PERFORM evently_refuse(event.id, 'trg_person_limit');
                END IF;
            END IF;
        END IF;
        IF sold_out THEN
            PERFORM evently_refuse(event.id, 'trg_seats_available');
        END IF;
        -- Before anything was taken, but after what the same statement gave back.
        IF change.taken > 0
            AND evently_somebody_fits(event.id, event.available_seats + change.taken)
        THEN
            PERFORM evently_refuse(event.id, 'trg_waitlist_first');
        END IF;
        -- Nobody pays more than the price of this moment; whoever was promised less, pays less.
        IF TG_OP = 'INSERT' THEN
            SELECT bool_or(unit_price > event.current_price) INTO refused
                FROM new_rows WHERE event_id = event.id;
            IF refused THEN
                PERFORM evently_refuse(event.id, 'trg_price_current');
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_bookings_ledger_insert AFTER INSERT ON bookings
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_ledger_bookings();
CREATE TRIGGER trg_bookings_ledger_update AFTER UPDATE ON bookings
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_ledger_bookings();
CREATE TRIGGER trg_bookings_ledger_delete AFTER DELETE ON bookings
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_ledger_bookings();
"""

PROMOTIONS = """
-- A pending offer holds its seats. Limits are not in its way: the place in line counted them.
CREATE FUNCTION evently_ledger_promotions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changes evently_seat_change[];
    change evently_seat_change;
    event events;
    refused boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(ROW(event_id, net, net)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, sum(quantity) AS net FROM new_rows WHERE status = 'pending'
            GROUP BY event_id) sums;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(ROW(event_id, net, 0)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, -sum(quantity) AS net FROM old_rows WHERE status = 'pending'
            GROUP BY event_id) sums;
    ELSE
        SELECT array_agg(ROW(event_id, net, greatest(net, 0))::evently_seat_change
            ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, sum(seats) AS net FROM (
                SELECT event_id, quantity AS seats FROM new_rows WHERE status = 'pending'
                UNION ALL
                SELECT event_id, -quantity FROM old_rows WHERE status = 'pending'
            ) weighed GROUP BY event_id HAVING sum(seats) <> 0) sums;
    END IF;

    FOREACH change IN ARRAY coalesce(changes, '{}') LOOP
        event := evently_move_seats(change.event_id, change.net);
        IF event.id IS NULL THEN
            CONTINUE WHEN change.net <= 0;
            PERFORM evently_refuse(change.event_id, 'trg_seats_available');
        END IF;
        IF change.taken > 0 THEN
            IF NOT evently_on_sale(event) THEN
                PERFORM evently_refuse(event.id, 'trg_sales_open');
            END IF;
            SELECT bool_or(expires_at >
                    least(coalesce(event.sales_end_at, event.event_date), event.event_date))
                INTO refused FROM new_rows WHERE event_id = event.id;
            IF refused THEN
                PERFORM evently_refuse(event.id, 'trg_promotion_time');
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_promotions_ledger_insert AFTER INSERT ON waitlist_promotions
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_ledger_promotions();
CREATE TRIGGER trg_promotions_ledger_update AFTER UPDATE ON waitlist_promotions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_ledger_promotions();
CREATE TRIGGER trg_promotions_ledger_delete AFTER DELETE ON waitlist_promotions
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_ledger_promotions();
"""

TRUNCATION = """
-- TRUNCATE fires none of the above (the owner's right only; a test flush does it).
CREATE FUNCTION evently_recount_seats() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE events e SET available_seats = e.total_capacity
        - coalesce((SELECT sum(quantity) FROM bookings
            WHERE event_id = e.id AND status IN ('pending', 'confirmed')), 0)
        - coalesce((SELECT sum(quantity) FROM waitlist_promotions
            WHERE event_id = e.id AND status = 'pending'), 0);
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_bookings_truncate AFTER TRUNCATE ON bookings
    FOR EACH STATEMENT EXECUTE FUNCTION evently_recount_seats();
CREATE TRIGGER trg_promotions_truncate AFTER TRUNCATE ON waitlist_promotions
    FOR EACH STATEMENT EXECUTE FUNCTION evently_recount_seats();
"""


class Migration(migrations.Migration):
    """Seats, kept by the database."""

    dependencies = [("waitlists", "0002_the_line")]
    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, "DROP TYPE evently_seat_change"),
        function_and_triggers(
            MOVING, functions=("evently_refuse(uuid, text)", "evently_move_seats(uuid, int)")
        ),
        function_and_triggers(BOOKINGS, functions=("evently_ledger_bookings()",)),
        function_and_triggers(PROMOTIONS, functions=("evently_ledger_promotions()",)),
        function_and_triggers(TRUNCATION, functions=("evently_recount_seats()",)),
    ]
