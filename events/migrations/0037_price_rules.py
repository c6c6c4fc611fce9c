"""Rules by which the price of an event follows demand, and their bounds on the event."""

from decimal import Decimal

import django.contrib.postgres.fields
import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.money import MoneyField
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

LIMIT = Decimal("100000000")
CONSTRAINTS = {
    "bounds": Q(floor__gt=0, floor__lte=F("ceiling"), ceiling__lt=LIMIT),
    "step": Q(step_kind="amount", max_step__gt=0, max_step__lt=LIMIT)
    | Q(step_kind="percent", max_step__gt=0, max_step__lte=100),
    "interval": Q(min_interval_minutes__gte=5, min_interval_minutes__lte=43200),
    "rounding": Q(
        rounding_unit__gt=0,
        rounding_unit__lt=LIMIT,
        rounding_ending__gte=0,
        rounding_ending__lt=F("rounding_unit"),
    ),
    "weights": Q(
        weight_sold__range=(0, 100),
        weight_pace__range=(0, 100),
        weight_waitlist__range=(0, 100),
        expected_percent__range=(1, 100),
    ),
    "next": Q(next_price__isnull=True, next_at_taken__isnull=True)
    | Q(
        next_price__gte=F("floor"),
        next_price__lte=F("ceiling"),
        next_price__isnull=False,
        next_at_taken__gte=0,
        next_at_taken__isnull=False,
    ),
    "suspended": Q(suspended_at__isnull=True) | Q(enabled=True),
}
# Eleven shares that never fall, from 0 to 100.
RISES = " AND ".join(f"plan[{n}] <= plan[{n + 1}]" for n in range(1, 11))
PLAN = (
    "ALTER TABLE pricing_rules ADD CONSTRAINT chk_pricing_rule_plan CHECK ("
    "array_ndims(plan) = 1 AND array_lower(plan, 1) = 1 AND cardinality(plan) = 11"
    f" AND array_position(plan, NULL) IS NULL AND plan[1] = 0 AND plan[11] = 100 AND {RISES})"
)
SETTINGS = "enabled, suspended_at, floor, ceiling"
TRIGGERS = f"""
CREATE TRIGGER trg_pricing_rules_guard BEFORE INSERT OR UPDATE OR DELETE ON pricing_rules
    FOR EACH ROW EXECUTE FUNCTION evently_pricing_rules_guard();
CREATE TRIGGER trg_pricing_rules_checked BEFORE INSERT
    OR UPDATE OF {SETTINGS}, max_step, step_kind, rounding_unit, rounding_ending ON pricing_rules
    FOR EACH ROW WHEN (NEW.enabled AND NEW.suspended_at IS NULL)
    EXECUTE FUNCTION evently_pricing_rules_checked();
CREATE TRIGGER trg_pricing_rules_bounds AFTER INSERT OR UPDATE OF {SETTINGS} ON pricing_rules
    FOR EACH ROW EXECUTE FUNCTION evently_pricing_rules_bounds();
CREATE TRIGGER trg_events_price_rule
    BEFORE UPDATE OF current_price, currency, price_floor, price_ceiling ON events
    FOR EACH ROW EXECUTE FUNCTION evently_events_price_rule();
CREATE TRIGGER trg_events_price_suspended AFTER UPDATE OF current_price, currency ON events
    FOR EACH ROW WHEN (OLD.price_ceiling IS NOT NULL AND NEW.price_ceiling IS NULL)
    EXECUTE FUNCTION evently_events_price_suspended();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_events_price_suspended ON events;
DROP TRIGGER trg_events_price_rule ON events;
DROP TRIGGER trg_pricing_rules_bounds ON pricing_rules;
DROP TRIGGER trg_pricing_rules_checked ON pricing_rules;
DROP TRIGGER trg_pricing_rules_guard ON pricing_rules;
"""
FUNCTIONS = (
    "pricing_rules_guard",
    "pricing_rules_checked",
    "pricing_rules_bounds",
    "events_price_rule",
    "events_price_suspended",
    "next_price",
)


def money(*args: str) -> MoneyField:
    return MoneyField(*args, decimal_places=4, max_digits=12)


def derived_money() -> MoneyField:
    return MoneyField(blank=True, decimal_places=4, editable=False, max_digits=12, null=True)


class Migration(migrations.Migration):
    dependencies = [("events", "0036_priced"), ("audit", "0008_fill_organizers")]
    operations = [
        migrations.CreateModel(
            "PriceRule",
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
                        related_name="price_rules",
                        to="events.event",
                    ),
                ),
                (
                    "enabled",
                    models.BooleanField(db_default=False, default=False, verbose_name="on"),
                ),
                ("suspended_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("floor", money("lowest price")),
                ("ceiling", money("highest price")),
                ("max_step", money("largest step")),
                (
                    "step_kind",
                    models.TextField(choices=[("amount", "amount"), ("percent", "percent")]),
                ),
                ("min_interval_minutes", models.IntegerField("minutes between changes")),
                ("rounding_unit", money("prices end in multiples of")),
                ("rounding_ending", money("ending")),
                ("weight_sold", models.SmallIntegerField("weight of seats sold")),
                ("weight_pace", models.SmallIntegerField("weight of the pace")),
                ("weight_waitlist", models.SmallIntegerField("weight of the waitlist")),
                (
                    "expected_percent",
                    models.SmallIntegerField("seats expected to be sold (%)"),
                ),
                (
                    "plan",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(),
                        size=None,
                        verbose_name="sales plan",
                    ),
                ),
                (
                    "announces_next",
                    models.BooleanField(
                        db_default=True, default=True, verbose_name="announce the next rise"
                    ),
                ),
                ("next_price", derived_money()),
                ("next_at_taken", models.IntegerField(blank=True, editable=False, null=True)),
                ("version", models.IntegerField(db_default=1, default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={"db_table": "pricing_rules", "verbose_name": "price rule"},
        ),
        migrations.AddConstraint(
            "pricerule", models.UniqueConstraint(fields=("event",), name="unq_pricing_rule")
        ),
        *(
            migrations.AddConstraint(
                "pricerule",
                models.CheckConstraint(condition=condition, name=f"chk_pricing_rule_{name}"),
            )
            for name, condition in CONSTRAINTS.items()
        ),
        migrations.RunSQL(PLAN, "ALTER TABLE pricing_rules DROP CONSTRAINT chk_pricing_rule_plan"),
        foreign_key("pricing_rules", "event_id", "events", on_delete="CASCADE"),
        organizer_triggers("pricing_rules", foreign_key="fk_pricing_rules_event"),
        *audited("pricing_rules", ignore=("next_price", "next_at_taken")),
        migrations.AddField("event", "price_ceiling", derived_money()),
        migrations.AddField("event", "price_floor", derived_money()),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(
                name="chk_event_price_bounds",
                condition=Q(price_floor__isnull=True, price_ceiling__isnull=True)
                | Q(
                    price_floor__isnull=False,
                    price_ceiling__isnull=False,
                    current_price__gte=F("price_floor"),
                    current_price__lte=F("price_ceiling"),
                ),
            ),
        ),
        *(replace_function("events", name, version=1, previous=None) for name in FUNCTIONS),
        replace_function("events", "events_insert", version=3, previous=2),
        replace_function("events", "events_update", version=4, previous=3),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
