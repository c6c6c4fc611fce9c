"""Every change of a current price leaves a row, also one made by hand in SQL. Append-only."""

from django.db import migrations

from evently.database.sql import foreign_key, function_and_triggers

FUNCTIONS = """
CREATE FUNCTION evently_record_price() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO pricing_history (event_id, old_price, new_price, reason, applied_by)
    VALUES (
        NEW.id, OLD.current_price, NEW.current_price,
        coalesce(
            nullif(current_setting('evently.price_reason', true), ''),
            CASE WHEN NEW.base_price IS DISTINCT FROM OLD.base_price
                THEN 'base price changed' ELSE 'set by hand' END),
        coalesce(
            nullif(current_setting('evently.price_rule', true), ''),
            nullif(current_setting('evently.actor', true), ''),
            session_user)
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_events_price AFTER UPDATE ON events FOR EACH ROW
    WHEN (OLD.current_price IS DISTINCT FROM NEW.current_price)
    EXECUTE FUNCTION evently_record_price();

-- Rows come from the trigger above, and go only with their event or through a function of the
-- owner's that keeps the books for as long as they must be kept.
CREATE FUNCTION evently_guard_price_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF evently_by_trigger(TG_RELID) AND TG_OP <> 'UPDATE' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'price history is written by the database and never changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_append_only';
END
$$;
CREATE TRIGGER trg_pricing_history_guard BEFORE INSERT OR UPDATE OR DELETE ON pricing_history
    FOR EACH ROW EXECUTE FUNCTION evently_guard_price_history();
"""


class Migration(migrations.Migration):
    """The price history, kept by the database."""

    dependencies = [("events", "0002_seats_and_versions")]
    operations = [
        foreign_key("pricing_history", "event_id", "events", on_delete="CASCADE"),
        function_and_triggers(
            FUNCTIONS, functions=("evently_record_price()", "evently_guard_price_history()")
        ),
    ]
