"""Lost demand of events, which outlasts the attempts that it is counted from."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import evently.database.functions
import evently.database.ids
from evently.database.money import MoneyField
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key

OUTCOMES = [("lost", "Lost"), ("joined", "Joined"), ("booked", "Booked")]
RESOLUTIONS = [
    ("minute", "Minute"),
    ("hour", "Hour"),
    ("day", "Day"),
    ("lost_demand", "Lost demand"),
]
NAMES = [name for name, _ in RESOLUTIONS]


def allowing(names: list[str]) -> migrations.AddConstraint:
    """Return the operation that lets roll_ups have rows of these names; it has one for each."""
    return migrations.AddConstraint(
        "rollup",
        models.CheckConstraint(condition=Q(resolution__in=names), name="chk_roll_up_resolution"),
    )


def event_owned(related_name: str) -> list[tuple[str, models.Field]]:
    return [
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
                related_name=related_name,
                to="events.event",
            ),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("events", "0042_price_bounds")]
    operations = [
        migrations.CreateModel(
            "LostDemand",
            [
                *event_owned("lost_demand"),
                ("day", models.DateField()),
                ("outcome", models.TextField(choices=OUTCOMES)),
                ("reason", models.TextField()),
                ("people", models.IntegerField()),
                ("seats", models.IntegerField()),
                ("value", MoneyField(decimal_places=4, max_digits=20)),
            ],
            options={"db_table": "event_lost_demand"},
        ),
        migrations.AddConstraint(
            "lostdemand",
            models.CheckConstraint(
                name="chk_lost_demand_outcome",
                condition=Q(outcome__in=[outcome for outcome, _ in OUTCOMES]),
            ),
        ),
        migrations.AddConstraint(
            "lostdemand",
            models.CheckConstraint(
                name="chk_lost_demand_counts",
                condition=Q(people__gt=0, seats__gte=F("people"), value__gte=0),
            ),
        ),
        migrations.AddConstraint(
            "lostdemand",
            models.UniqueConstraint(
                fields=["event", "day", "outcome", "reason"], name="unq_lost_demand"
            ),
        ),
        migrations.CreateModel(
            "LostDemandState",
            [
                *event_owned("lost_demand_states"),
                ("as_of", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("refusals", models.IntegerField(db_default=0, default=0)),
            ],
            options={"db_table": "lost_demand_states"},
        ),
        migrations.AddConstraint(
            "lostdemandstate",
            models.CheckConstraint(name="chk_lost_demand_refusals", condition=Q(refusals__gte=0)),
        ),
        migrations.AddConstraint(
            "lostdemandstate",
            models.UniqueConstraint(fields=["event"], name="unq_lost_demand_state"),
        ),
        migrations.AddIndex(
            "lostdemandstate",
            models.Index(
                fields=["due_at"], name="idx_lost_demand_due", condition=Q(due_at__isnull=False)
            ),
        ),
        *(
            operation
            for table in ("event_lost_demand", "lost_demand_states")
            for operation in (
                foreign_key(table, "event_id", "events", on_delete="CASCADE"),
                organizer_triggers(table, foreign_key=f"fk_{table}_event"),
            )
        ),
        migrations.RemoveConstraint("rollup", "chk_roll_up_resolution"),
        allowing(NAMES),
        migrations.AlterField(
            "rollup",
            "resolution",
            models.TextField(choices=RESOLUTIONS, primary_key=True, serialize=False),
        ),
        # Last, so that it comes first when the migration is taken back.
        migrations.RunSQL(
            migrations.RunSQL.noop, "DELETE FROM roll_ups WHERE resolution = 'lost_demand'"
        ),
    ]
