"""What was promised holds: an offer and its entry go together, no offer outlasts the sales, and a
price keeps its currency."""

from django.db import migrations

from evently.database.sql import function_and_triggers

TOGETHER = """
-- At commit, an entry is promoted exactly while it has a pending offer. Else the next cancellation
-- would offer seats a second time, and leaving would find nothing to give back.
CREATE FUNCTION evently_offer_and_entry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event uuid;
    entry uuid;
    fate text;
BEGIN
    IF TG_TABLE_NAME = 'waitlists' THEN
        event := NEW.event_id; entry := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        event := OLD.event_id; entry := OLD.waitlist_id;
    ELSE
        event := NEW.event_id; entry := NEW.waitlist_id;
    END IF;
    SELECT status INTO fate FROM waitlists WHERE id = entry AND event_id = event;
    IF FOUND AND (fate = 'promoted') <> EXISTS (
        SELECT FROM waitlist_promotions
        WHERE waitlist_id = entry AND event_id = event AND status = 'pending')
    THEN
        RAISE EXCEPTION 'waitlist entry % is %, which does not go with its offers', entry, fate
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_entry';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER trg_promotions_entry
    AFTER INSERT OR UPDATE OR DELETE ON waitlist_promotions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION evently_offer_and_entry();
CREATE CONSTRAINT TRIGGER trg_waitlists_offer AFTER UPDATE ON waitlists
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status <> OLD.status AND 'promoted' IN (NEW.status, OLD.status))
    EXECUTE FUNCTION evently_offer_and_entry();
"""

ENDS = """
-- When sales come to end earlier, so do the offers that would outlast them.
CREATE FUNCTION evently_offers_end_with_sales() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    closes timestamptz := least(NEW.event_date, NEW.sales_end_at);
BEGIN
    UPDATE waitlist_promotions SET
        expires_at = greatest(closes, promoted_at + interval '1 microsecond'),
        window_minutes = greatest(1, least(window_minutes,
            ceil(extract(epoch FROM closes - promoted_at) / 60)))
    WHERE event_id = NEW.id AND status = 'pending' AND expires_at > closes;
    RETURN NULL;
END
$$;
CREATE TRIGGER trg_events_offers AFTER UPDATE OF event_date, sales_end_at ON events
    FOR EACH ROW WHEN (least(NEW.event_date, NEW.sales_end_at)
        < least(OLD.event_date, OLD.sales_end_at))
    EXECUTE FUNCTION evently_offers_end_with_sales();
"""

CURRENCY = """
-- 20 EUR that were promised do not become 20 KWD.
CREATE FUNCTION evently_currency_settled() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.published_at IS NOT NULL
        OR EXISTS (SELECT FROM bookings WHERE event_id = OLD.id)
        OR EXISTS (SELECT FROM waitlists WHERE event_id = OLD.id)
    THEN
        RAISE EXCEPTION 'event % has told its prices in %', OLD.id, OLD.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_currency_settled';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_events_currency BEFORE UPDATE OF currency ON events
    FOR EACH ROW WHEN (NEW.currency IS DISTINCT FROM OLD.currency)
    EXECUTE FUNCTION evently_currency_settled();
"""


class Migration(migrations.Migration):
    """Promises, kept by the database."""

    dependencies = [("waitlists", "0003_seat_ledger")]
    operations = [
        function_and_triggers(TOGETHER, functions=("evently_offer_and_entry()",)),
        function_and_triggers(ENDS, functions=("evently_offers_end_with_sales()",)),
        function_and_triggers(CURRENCY, functions=("evently_currency_settled()",)),
    ]
