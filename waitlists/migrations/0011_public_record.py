"""The public record of lines, confirmed places, and what passes and lapses count."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

import evently.database.functions
import evently.database.ids
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

KINDS = [
    "opened",
    "rules",
    "capacity",
    "booked",
    "cancelled",
    "joined",
    "confirmed",
    "changed",
    "override",
    "left",
    "offered",
    "used",
    "declined",
    "lapsed",
    "reserved",
    "closed",
]
ID = models.UUIDField(
    db_default=evently.database.functions.UuidV7(),
    default=evently.database.ids.uuid7,
    editable=False,
    primary_key=True,
    serialize=False,
)
EVENT = models.ForeignKey(
    db_constraint=False,
    db_index=False,
    on_delete=django.db.models.deletion.DO_NOTHING,
    related_name="+",
    to="events.event",
)


def confirmed_until_now() -> migrations.SeparateDatabaseAndState:
    """Add `confirmed_at`; places taken so far count as confirmed, without rewriting a row."""
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                "ALTER TABLE waitlists ADD COLUMN confirmed_at timestamptz DEFAULT now();"
                "ALTER TABLE waitlists ALTER COLUMN confirmed_at DROP DEFAULT",
                "ALTER TABLE waitlists DROP COLUMN confirmed_at",
            )
        ],
        state_operations=[
            migrations.AddField(
                "waitlistentry",
                "confirmed_at",
                models.DateTimeField(blank=True, editable=False, null=True),
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("waitlists", "0010_passed_over_signed"),
        ("events", "0018_waitlist_rules"),
    ]
    operations = [
        migrations.CreateModel(
            name="Line",
            fields=[
                ("id", ID.clone()),
                ("event", EVENT.clone()),
                ("is_open", models.BooleanField(db_default=False, default=False)),
                ("open_entries", models.PositiveIntegerField(db_default=0, default=0)),
                ("open_offers", models.PositiveIntegerField(db_default=0, default=0)),
                ("waiting", models.PositiveIntegerField(db_default=0, default=0)),
                ("public_sales", models.PositiveIntegerField(db_default=0, default=0)),
                ("seq", models.PositiveIntegerField(db_default=0, default=0)),
                ("head", models.TextField()),
                ("free", models.PositiveIntegerField(null=True)),
                ("freed_seq", models.PositiveIntegerField(null=True)),
                ("reserved_ref", models.TextField(null=True)),
                ("recorded_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "lines",
                "constraints": [
                    models.UniqueConstraint(fields=["event"], name="unq_line_event"),
                    models.CheckConstraint(
                        name="chk_line_head", condition=Q(head__regex=r"^[0-9a-f]{64}$")
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LineEvent",
            fields=[
                ("id", ID.clone()),
                ("event", EVENT.clone()),
                ("seq", models.PositiveIntegerField()),
                ("kind", models.TextField(choices=[(kind, kind.capitalize()) for kind in KINDS])),
                ("ref", models.TextField(null=True)),
                ("seats", models.PositiveIntegerField(null=True)),
                ("least", models.PositiveSmallIntegerField(null=True)),
                ("score", models.IntegerField(null=True)),
                ("rank", models.DateTimeField(null=True)),
                ("position", models.PositiveIntegerField(null=True)),
                ("confirmed", models.BooleanField(null=True)),
                ("reason", models.TextField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("free", models.PositiveIntegerField(null=True)),
                ("capacity", models.PositiveIntegerField(null=True)),
                ("skips", models.PositiveSmallIntegerField(null=True)),
                ("cause", models.PositiveIntegerField(null=True)),
                ("at", models.DateTimeField(db_default=evently.database.functions.Clock())),
                ("prev", models.TextField()),
                ("hash", models.TextField()),
            ],
            options={
                "verbose_name": "record of a line",
                "verbose_name_plural": "records of lines",
                "db_table": "line_events",
                "indexes": [
                    models.Index(
                        fields=["event", "ref"],
                        name="idx_line_events_ref",
                        condition=Q(ref__isnull=False),
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=["event", "seq"], name="unq_line_event_seq"),
                    models.CheckConstraint(name="chk_line_event_kind", condition=Q(kind__in=KINDS)),
                ],
            },
        ),
        foreign_key("lines", "event_id", "events", on_delete="CASCADE"),
        foreign_key("line_events", "event_id", "events", on_delete="CASCADE"),
        replace_function("waitlists", "guard_record", version=1, previous=None),
        migrations.RunSQL(
            # The application's role may only read both tables (evently.database.grants).
            "CREATE TRIGGER trg_line_guard BEFORE DELETE ON lines"
            " FOR EACH ROW EXECUTE FUNCTION evently_guard_record();"
            "CREATE TRIGGER trg_line_events_guard BEFORE UPDATE OR DELETE ON line_events"
            " FOR EACH ROW EXECUTE FUNCTION evently_guard_record()",
            "DROP TRIGGER trg_line_events_guard ON line_events;"
            "DROP TRIGGER trg_line_guard ON lines",
        ),
        confirmed_until_now(),
        migrations.AddField(
            "waitlistentry",
            "lapses",
            models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            "waitlistentry",
            "public_sales_before",
            models.IntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField("waitlistentry", "ref", models.TextField(editable=False, null=True)),
        migrations.AddField(
            "waitlistentry",
            "timezone",
            models.TextField(db_default="", default="", editable=False),
        ),
        migrations.AddField(
            "promotion",
            "accepted_quantity",
            models.SmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            "promotion",
            "is_at_night",
            models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField("promotion", "ref", models.TextField(editable=False, null=True)),
        AddConstraintNotValid(
            "promotion",
            models.CheckConstraint(
                name="chk_promotion_accepted",
                condition=Q(accepted_quantity__isnull=True)
                | Q(
                    status="used",
                    accepted_quantity__gte=1,
                    accepted_quantity__lte=F("quantity"),
                ),
            ),
        ),
    ]
