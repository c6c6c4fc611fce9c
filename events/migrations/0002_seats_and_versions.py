"""Seats and versions of events are the database's own to keep.

`available_seats` starts as the capacity and follows it; only the ledger's triggers move it
otherwise, and what a client writes into it is ignored. `version` counts organizers' edits: seats
moving and prices moved by rule are none.
"""

from django.db import migrations

from evently.audit.migration import audited
from evently.database.sql import foreign_key, function_and_triggers

FUNCTIONS = """
-- True inside a trigger that runs with the rights of the table's owner: the ledger's and the
-- line's functions, and cascades. A client cannot get there, for it owns no table.
CREATE FUNCTION evently_by_trigger(tbl oid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN pg_trigger_depth() > 1
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = tbl);
END
$$;

CREATE FUNCTION evently_events_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.available_seats := NEW.total_capacity;
    NEW.current_price := coalesce(NEW.current_price, NEW.base_price);
    NEW.version := 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_events_insert BEFORE INSERT ON events
    FOR EACH ROW EXECUTE FUNCTION evently_events_insert();

CREATE FUNCTION evently_events_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    derived text[] := ARRAY['available_seats', 'version', 'updated_at'];
BEGIN
    IF evently_by_trigger(TG_RELID) THEN
        RETURN NEW;
    END IF;
    NEW.id := OLD.id;
    NEW.version := OLD.version;
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
CREATE TRIGGER trg_events_update BEFORE UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION evently_events_update();
"""


class Migration(migrations.Migration):
    """Seats, versions, foreign keys and the trail of events and their staff."""

    dependencies = [
        ("events", "0001_initial"),
        ("evently", "0002_schemas"),
        ("audit", "0001_audit_log"),
    ]
    operations = [
        foreign_key("events", "created_by_id", "users", on_delete="RESTRICT"),
        foreign_key("event_staff", "event_id", "events", on_delete="CASCADE"),
        foreign_key("event_staff", "user_id", "users", on_delete="CASCADE"),
        foreign_key("event_analytics", "event_id", "events", on_delete="CASCADE"),
        function_and_triggers(
            FUNCTIONS,
            functions=(
                "evently_by_trigger(oid)",
                "evently_events_insert()",
                "evently_events_update()",
            ),
        ),
        *audited("events"),
        *audited("event_staff"),
    ]
