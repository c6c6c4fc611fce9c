"""What may become of a booking, one ticket for each of its seats, and refunds within charges."""

from django.db import migrations

from evently.audit.migration import audited
from evently.database.sql import foreign_key, function_and_triggers

BOOKINGS = """
-- A cancelled booking stays cancelled; none moves to another event, person or reference, and none
-- gets dearer than it was made.
CREATE FUNCTION evently_bookings_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.user_id, NEW.booking_reference)
            IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.user_id, OLD.booking_reference)
        OR (OLD.status = 'cancelled' AND NEW.status <> 'cancelled')
        OR (OLD.status = 'cancelled' AND NEW.quantity <> OLD.quantity)
        OR (OLD.status = 'confirmed' AND NEW.status = 'pending')
        OR NEW.unit_price > OLD.unit_price
    THEN
        RAISE EXCEPTION 'booking % cannot change like this', OLD.booking_reference
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_booking_final';
    END IF;
    IF NEW.status = 'cancelled' AND OLD.status <> 'cancelled' AND NEW.cancelled_at IS NULL THEN
        NEW.cancelled_at := evently_clock();
    END IF;
    IF NEW.status = 'confirmed' THEN
        NEW.expires_at := NULL;
    END IF;
    NEW.version := OLD.version + 1;
    NEW.updated_at := evently_clock();
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_bookings_update BEFORE UPDATE ON bookings
    FOR EACH ROW EXECUTE FUNCTION evently_bookings_update();
"""

PERSON = """
CREATE CONSTRAINT TRIGGER trg_bookings_person AFTER INSERT ON bookings
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status <> 'cancelled') EXECUTE FUNCTION evently_person_is_here();
"""

TICKETS = """
-- 122 random bits, from the same source as random UUIDs.
CREATE FUNCTION evently_ticket_secret() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT replace(gen_random_uuid()::text, '-', '')
$$;
ALTER TABLE tickets ALTER COLUMN secret SET DEFAULT evently_ticket_secret();

CREATE FUNCTION evently_tickets_for_new() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO tickets (booking_id, event_id)
    SELECT b.id, b.event_id FROM new_rows b, generate_series(1, b.quantity)
    WHERE b.status IN ('pending', 'confirmed');
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_bookings_tickets AFTER INSERT ON bookings
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_tickets_for_new();

-- After a change: surplus tickets are cancelled, the newest first, and missing ones made. Whoever
-- gives back chosen seats cancels those tickets first, and then nothing is left to do here.
CREATE FUNCTION evently_tickets_for_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    booking record;
    cancelled uuid[];
    events uuid[];
    living int;
BEGIN
    -- Where statistics lag behind, a join compared each with each, and booking by booking all
    -- tickets of the event were read for each. A list known when the plan is made is looked up
    -- by its hash, so whichever index is taken, each ticket is read once.
    SELECT array_agg(id), array_agg(DISTINCT event_id) INTO cancelled, events
    FROM new_rows WHERE status = 'cancelled';
    IF cancelled IS NOT NULL THEN
        EXECUTE $sql$
            UPDATE tickets SET cancelled_at = evently_clock()
            WHERE booking_id = ANY($1) AND event_id = ANY($2) AND cancelled_at IS NULL
        $sql$ USING cancelled, events;
    END IF;
    FOR booking IN
        SELECT id, event_id, quantity FROM new_rows WHERE status <> 'cancelled'
        EXCEPT ALL
        SELECT id, event_id, quantity FROM old_rows
        ORDER BY id
    LOOP
        SELECT count(*) INTO living FROM tickets
        WHERE booking_id = booking.id AND event_id = booking.event_id AND cancelled_at IS NULL;
        IF living > booking.quantity THEN
            UPDATE tickets SET cancelled_at = evently_clock()
            WHERE event_id = booking.event_id AND id IN (
                SELECT id FROM tickets
                WHERE booking_id = booking.id AND event_id = booking.event_id
                    AND cancelled_at IS NULL
                ORDER BY checked_in_at NULLS FIRST, id DESC
                LIMIT living - booking.quantity);
        ELSIF living < booking.quantity THEN
            INSERT INTO tickets (booking_id, event_id)
            SELECT booking.id, booking.event_id
            FROM generate_series(1, booking.quantity - living);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_bookings_tickets_changed AFTER UPDATE ON bookings
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION evently_tickets_for_changed();

-- At commit, the living tickets of a booking are as many as its seats.
CREATE FUNCTION evently_ticket_count() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted int;
    living int;
    ticket record;
BEGIN
    IF TG_OP = 'DELETE' THEN ticket := OLD; ELSE ticket := NEW; END IF;
    SELECT CASE WHEN status = 'cancelled' THEN 0 ELSE quantity END INTO wanted
    FROM bookings WHERE id = ticket.booking_id AND event_id = ticket.event_id;
    IF NOT FOUND THEN
        -- It went with its booking, or it would admit to another event than its booking's.
        IF NOT EXISTS (
            SELECT FROM tickets WHERE id = ticket.id AND event_id = ticket.event_id)
        THEN
            RETURN NULL;
        END IF;
        wanted := 0;
    END IF;
    SELECT count(*) INTO living FROM tickets
    WHERE booking_id = ticket.booking_id AND event_id = ticket.event_id AND cancelled_at IS NULL;
    IF living <> wanted THEN
        RAISE EXCEPTION 'booking % has % seats and % living tickets',
                ticket.booking_id, wanted, living
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_ticket_count';
    END IF;
    RETURN NULL;
END
$$;
-- What the triggers above do is right by construction, and checking it took seconds for ten
-- thousand tickets; so only what a client does itself is checked.
CREATE CONSTRAINT TRIGGER trg_ticket_count AFTER INSERT OR UPDATE OR DELETE ON tickets
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION evently_ticket_count();

CREATE FUNCTION evently_tickets_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.booking_id, NEW.secret)
            IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.booking_id, OLD.secret)
        OR (OLD.cancelled_at IS NOT NULL AND NEW.cancelled_at IS NULL)
    THEN
        RAISE EXCEPTION 'ticket % cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_ticket_final';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_tickets_update BEFORE UPDATE ON tickets
    FOR EACH ROW EXECUTE FUNCTION evently_tickets_update();
"""

PAYMENTS = """
-- What went back never exceeds what came in. The booking's row is the lock of its books.
CREATE FUNCTION evently_refund_within_charges() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    balance numeric;
    payment record;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.booking_id, NEW.event_id) <> (OLD.booking_id, OLD.event_id) THEN
        RAISE EXCEPTION 'payment % belongs to booking %', OLD.id, OLD.booking_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_refund_within_charges';
    END IF;
    IF TG_OP = 'DELETE' THEN payment := OLD; ELSE payment := NEW; END IF;
    PERFORM 1 FROM bookings WHERE id = payment.booking_id AND event_id = payment.event_id
        FOR NO KEY UPDATE;
    IF NOT FOUND AND TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION 'event % has no booking %', payment.event_id, payment.booking_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_payments_booking';
    END IF;
    SELECT coalesce(sum(CASE kind WHEN 'charge' THEN amount ELSE -amount END), 0) INTO balance
    FROM payments
    WHERE booking_id = payment.booking_id AND event_id = payment.event_id
        AND (status = 'succeeded' OR (kind = 'refund' AND status = 'open'));
    IF balance < 0 THEN
        RAISE EXCEPTION 'refunds of booking % would exceed its charges', payment.booking_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_refund_within_charges';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_refund_within_charges AFTER INSERT OR UPDATE OR DELETE ON payments
    FOR EACH ROW EXECUTE FUNCTION evently_refund_within_charges();
"""


class Migration(migrations.Migration):
    """Bookings, tickets and payments keep their rules by themselves."""

    dependencies = [
        ("bookings", "0002_references"),
        ("audit", "0001_audit_log"),
        ("accounts", "0004_people_who_left"),
    ]
    operations = [
        foreign_key("bookings", "user_id", "users", on_delete="CASCADE"),
        foreign_key("bookings", "event_id", "events", on_delete="RESTRICT"),
        foreign_key("bookings_archive", "user_id", "users", on_delete="CASCADE"),
        foreign_key("bookings_archive", "event_id", "events", on_delete="RESTRICT"),
        foreign_key("tickets", "booking_id", "bookings", on_delete="CASCADE"),
        foreign_key("tickets", "event_id", "events", on_delete="CASCADE"),
        foreign_key("payments", "booking_id", "bookings", on_delete="RESTRICT"),
        foreign_key("payments", "event_id", "events", on_delete="RESTRICT"),
        foreign_key("booking_attempts", "booking_id", "bookings", on_delete="CASCADE"),
        foreign_key("booking_attempts", "event_id", "events", on_delete="CASCADE"),
        foreign_key("booking_attempts", "user_id", "users", on_delete="CASCADE"),
        function_and_triggers(BOOKINGS, functions=("evently_bookings_update()",)),
        migrations.RunSQL(PERSON, "DROP TRIGGER trg_bookings_person ON bookings"),
        function_and_triggers(
            TICKETS,
            functions=(
                "evently_ticket_secret()",
                "evently_tickets_for_new()",
                "evently_tickets_for_changed()",
                "evently_ticket_count()",
                "evently_tickets_update()",
            ),
        ),
        function_and_triggers(PAYMENTS, functions=("evently_refund_within_charges()",)),
        *audited("bookings"),
        *audited("tickets", redact=["secret"], actions=["update", "delete"]),
        *audited("payments"),
    ]
