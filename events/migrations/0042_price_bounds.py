"""Between which prices a rule moved an event's price, from when on. Append-only."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import evently.database.functions
import evently.database.ids
from evently.database.money import MoneyField
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

# Bounds change with the price, which trg_events_price sees, or without it. They are changed by a
# rule's trigger, which sets them, or taken off an event whose currency changes.
TRIGGERS = """
CREATE TRIGGER trg_events_price_bounds
    AFTER UPDATE OF price_floor, price_ceiling, currency ON events FOR EACH ROW
    WHEN (OLD.current_price = NEW.current_price
        AND (OLD.price_floor, OLD.price_ceiling)
            IS DISTINCT FROM (NEW.price_floor, NEW.price_ceiling))
    EXECUTE FUNCTION evently_record_price();
"""
# What a rule is edited by gives it a new time, so the bounds of now are at least as old.
BOUNDS_OF_NOW = """
INSERT INTO price_bounds (event_id, organizer_id, floor, ceiling, applied_at)
    SELECT event_id, organizer_id, floor, ceiling, updated_at FROM pricing_rules
    WHERE enabled AND suspended_at IS NULL;
"""
GUARD = """
CREATE TRIGGER trg_price_bounds_guard BEFORE INSERT OR UPDATE OR DELETE ON price_bounds
    FOR EACH ROW EXECUTE FUNCTION evently_guard_price_history();
"""


def bound() -> MoneyField:
    return MoneyField(decimal_places=4, max_digits=12, null=True)


class Migration(migrations.Migration):
    dependencies = [("events", "0041_resolutions_checked")]
    operations = [
        migrations.CreateModel(
            "PriceBounds",
            [
                (
                    "id",
                    models.UUIDField(
                        db_default=evently.database.functions.UuidV7(),
                        default=evently.database.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("organizer_id", models.UUIDField(editable=False)),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="price_bounds",
                        to="events.event",
                    ),
                ),
                ("floor", bound()),
                ("ceiling", bound()),
                ("applied_at", models.DateTimeField(db_default=evently.database.functions.Clock())),
            ],
            options={"db_table": "price_bounds"},
        ),
        migrations.AddIndex(
            "pricebounds",
            models.Index(F("event"), F("applied_at").desc(), name="idx_price_bounds_event_applied"),
        ),
        migrations.AddConstraint(
            "pricebounds",
            models.CheckConstraint(
                name="chk_price_bounds",
                condition=Q(floor__isnull=True, ceiling__isnull=True)
                | Q(floor__isnull=False, ceiling__isnull=False, floor__lte=F("ceiling")),
            ),
        ),
        foreign_key("price_bounds", "event_id", "events", on_delete="CASCADE"),
        organizer_triggers("price_bounds", sets=False),
        migrations.AddField("pricechange", "price_ceiling", bound()),
        migrations.AddField("pricechange", "price_floor", bound()),
        replace_function("events", "record_price", version=4, previous=3),
        migrations.RunSQL(TRIGGERS, "DROP TRIGGER trg_events_price_bounds ON events"),
        migrations.RunSQL(BOUNDS_OF_NOW, migrations.RunSQL.noop),
        migrations.RunSQL(GUARD, "DROP TRIGGER trg_price_bounds_guard ON price_bounds"),
    ]
