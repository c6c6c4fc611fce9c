"""Draws: the order of a waitlist by lot, with its steps in the public record."""

import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.functions import Cast, Concat

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
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
    "draw",
    "frozen",
    "drawn",
    "void",
]
NEW = (
    "sha256",
    "list_hash",
    "draw_list",
    "draw_places",
    "draws_insert",
    "draws_update",
    "draw_step",
    "draws_guard",
    "draw_place_drawn",
)
CHANGED = (
    ("record", 2),
    ("line_comes_first", 2),
    ("waitlists_join", 5),
    ("promotions_insert", 3),
    ("ledger_bookings", 6),
)
TRIGGERS = """
CREATE TRIGGER trg_draws_insert BEFORE INSERT ON draws
    FOR EACH ROW EXECUTE FUNCTION evently_draws_insert();
CREATE TRIGGER trg_draws_update BEFORE UPDATE ON draws
    FOR EACH ROW EXECUTE FUNCTION evently_draws_update();
CREATE TRIGGER trg_draws_guard BEFORE DELETE ON draws
    FOR EACH ROW EXECUTE FUNCTION evently_draws_guard();
CREATE TRIGGER trg_draw_step AFTER INSERT OR UPDATE ON draws
    FOR EACH ROW EXECUTE FUNCTION evently_draw_step();
CREATE TRIGGER trg_draw_place BEFORE UPDATE OF draw_place ON waitlists
    FOR EACH STATEMENT EXECUTE FUNCTION evently_draw_place_drawn();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_draw_place ON waitlists;
DROP TRIGGER trg_draw_step ON draws;
DROP TRIGGER trg_draws_guard ON draws;
DROP TRIGGER trg_draws_update ON draws;
DROP TRIGGER trg_draws_insert ON draws;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0020_draws"),
        ("waitlists", "0017_index_unconfirmed"),
    ]

    operations = [
        migrations.CreateModel(
            name="Draw",
            fields=[
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
                ("number", models.IntegerField(db_default=1, editable=False)),
                ("closes_at", models.DateTimeField()),
                (
                    "beacon",
                    models.TextField(
                        choices=[
                            ("drand", "drand, a public random beacon"),
                            ("numbers", "Numbers of a lottery, typed in"),
                        ],
                        default="drand",
                    ),
                ),
                ("beacon_name", models.TextField()),
                ("beacon_round", models.BigIntegerField(blank=True, null=True)),
                ("beacon_at", models.DateTimeField()),
                ("commitment", models.TextField(editable=False)),
                ("sealed_secret", models.BinaryField()),
                ("sealed_with", models.TextField(editable=False)),
                (
                    "status",
                    models.TextField(
                        choices=[
                            ("open", "Open"),
                            ("frozen", "Frozen"),
                            ("drawn", "Drawn"),
                            ("void", "Void"),
                        ],
                        db_default="open",
                        default="open",
                    ),
                ),
                (
                    "refs",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), editable=False, null=True, size=None
                    ),
                ),
                ("lots", models.IntegerField(editable=False, null=True)),
                ("list_hash", models.TextField(editable=False, null=True)),
                ("frozen_at", models.DateTimeField(editable=False, null=True)),
                ("reveal_by", models.DateTimeField(editable=False, null=True)),
                ("unreachable_at", models.DateTimeField(editable=False, null=True)),
                ("beacon_value", models.TextField(editable=False, null=True)),
                ("secret", models.TextField(editable=False, null=True)),
                ("seed", models.TextField(editable=False, null=True)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                ("void_reason", models.TextField(db_default="", default="", editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "draws",
            },
        ),
        migrations.RemoveConstraint(
            model_name="lineevent",
            name="chk_line_event_kind",
        ),
        migrations.AddField(
            model_name="lineevent",
            name="beacon",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="lineevent",
            name="commitment",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="lineevent",
            name="due",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="lineevent",
            name="list",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="lineevent",
            name="lots",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="lineevent",
            name="secret",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="waitlistentry",
            name="draw_place",
            field=models.IntegerField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="lineevent",
            name="kind",
            field=models.TextField(choices=[(kind, kind.capitalize()) for kind in KINDS]),
        ),
        AddConstraintNotValid(
            "lineevent",
            models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="chk_line_event_kind"),
        ),
        migrations.AddField(
            model_name="draw",
            name="event",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="draws",
                to="events.event",
            ),
        ),
        migrations.AddIndex(
            model_name="draw",
            index=models.Index(
                condition=models.Q(("status__in", ["open", "frozen"])),
                fields=["closes_at"],
                name="idx_draws_pending",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "void"), _negated=True),
                fields=("event",),
                name="unq_draw_event",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.UniqueConstraint(fields=("event", "number"), name="unq_draw_number"),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "frozen", "drawn", "void"])),
                name="chk_draw_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "beacon_at__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("closes_at"),
                            "+",
                            models.Value(datetime.timedelta(seconds=300)),
                        ),
                    )
                ),
                name="chk_draw_times",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(("commitment__regex", "^[0-9a-f]{64}$")),
                name="chk_draw_commitment",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("beacon", "drand"),
                        (
                            "beacon_at",
                            models.Func(
                                models.F("beacon_round"),
                                output_field=models.DateTimeField(),
                                template="to_timestamp(1692803367 + (%(expressions)s - 1) * 3)",
                            ),
                        ),
                        (
                            "beacon_name",
                            Concat(
                                models.Value("drand quicknet, round "),
                                Cast("beacon_round", models.TextField()),
                                output_field=models.TextField(),
                            ),
                        ),
                        ("beacon_round__isnull", False),
                    ),
                    models.Q(
                        ("beacon", "numbers"),
                        ("beacon_round__isnull", True),
                        models.Q(("beacon_name__icontains", "drand"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="chk_draw_beacon",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(("beacon_name", ""), _negated=True), name="chk_draw_named"
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("beacon_value__isnull", True), models.Q(("status", "drawn"), _negated=True)
                    ),
                    models.Q(
                        ("beacon", "drand"),
                        ("beacon_value__isnull", False),
                        ("beacon_value__regex", "^[0-9a-f]{64}$"),
                        ("status", "drawn"),
                    ),
                    models.Q(
                        ("beacon", "numbers"),
                        ("beacon_value__isnull", False),
                        (
                            "beacon_value__regex",
                            "^(0|[1-9][0-9]{0,3})( (0|[1-9][0-9]{0,3})){2,19}$",
                        ),
                        ("status", "drawn"),
                    ),
                    _connector="OR",
                ),
                name="chk_draw_value",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "void"), models.Q(("void_reason", ""), _negated=True)),
                    models.Q(models.Q(("status", "void"), _negated=True), ("void_reason", "")),
                    _connector="OR",
                ),
                name="chk_draw_void",
            ),
        ),
        foreign_key("draws", "event_id", "events", on_delete="CASCADE"),
        *(replace_function("waitlists", name, version=1, previous=None) for name in NEW),
        *(
            replace_function("waitlists", name, version=version, previous=version - 1)
            for name, version in CHANGED
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        *audited("draws", ignore=("refs",), redact=("sealed_secret",)),
    ]
