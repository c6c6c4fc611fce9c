"""Ask attendees whether they are still coming, and keep what they were promised about it."""

from datetime import timedelta

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

CANCELLERS = ["attendee", "organizer", "event", "expiry", "unanswered"]
TRIGGERS = """
CREATE TRIGGER trg_attendance_insert BEFORE INSERT ON attendance_checks
    FOR EACH ROW EXECUTE FUNCTION evently_attendance_insert();
CREATE TRIGGER trg_attendance_update BEFORE UPDATE ON attendance_checks
    FOR EACH ROW EXECUTE FUNCTION evently_attendance_update();
CREATE TRIGGER trg_booking_returned BEFORE UPDATE ON bookings
    FOR EACH ROW WHEN (NEW.cancelled_by = 'unanswered'
        AND OLD.cancelled_by IS DISTINCT FROM 'unanswered')
    EXECUTE FUNCTION evently_booking_returned();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_booking_returned ON bookings;
DROP TRIGGER trg_attendance_update ON attendance_checks;
DROP TRIGGER trg_attendance_insert ON attendance_checks;
"""


def reference(to: str, *, name: str) -> models.ForeignKey:
    """Return a column that refers to another table."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=name,
        to=to,
    )


def cancelled_by() -> models.TextField:
    choices = [(name, name.title()) for name in CANCELLERS]
    return models.TextField(blank=True, choices=choices, null=True)


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0016_mailboxes_indexed"),
        ("events", "0021_asking"),
        ("audit", "0003_signed_changes"),
    ]
    operations = [
        migrations.CreateModel(
            name="AttendanceCheck",
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
                ("event_date", models.DateTimeField(verbose_name="date asked about")),
                ("seats", models.SmallIntegerField()),
                (
                    "asked_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("asked_again_at", models.DateTimeField(blank=True, null=True)),
                ("coming", models.SmallIntegerField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("booking", reference("bookings.booking", name="attendance_checks")),
                ("event", reference("events.event", name="+")),
            ],
            options={
                "db_table": "attendance_checks",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["booking", "event", "event_date"], name="unq_attendance_date"
                    ),
                    models.CheckConstraint(
                        name="chk_attendance_answer",
                        condition=Q(coming__isnull=True, answered_at__isnull=True)
                        | Q(
                            coming__isnull=False,
                            answered_at__isnull=False,
                            coming__gte=0,
                            coming__lte=F("seats"),
                            answered_at__gte=F("asked_at"),
                        ),
                    ),
                    models.CheckConstraint(
                        name="chk_attendance_order",
                        condition=Q(asked_again_at__isnull=True)
                        | Q(asked_again_at__gte=F("asked_at") + timedelta(hours=24)),
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["event_date", "event"],
                        name="idx_attendance_open",
                        condition=Q(answered_at__isnull=True),
                    ),
                    models.Index(fields=["event"], name="idx_attendance_event"),
                ],
            },
        ),
        foreign_key("attendance_checks", "booking_id", "bookings", on_delete="CASCADE"),
        foreign_key("attendance_checks", "event_id", "events", on_delete="CASCADE"),
        # What was shown when it was booked; empty in bookings that were shown nothing.
        migrations.AddField(
            "booking",
            "unanswered_policy",
            models.TextField(
                choices=[
                    ("keep", "They keep their seats"),
                    ("return", "Their seats go to the waitlist"),
                ],
                editable=False,
                null=True,
            ),
        ),
        AddConstraintNotValid(
            "booking",
            models.CheckConstraint(
                name="chk_booking_unanswered",
                condition=Q(unanswered_policy__isnull=True)
                | Q(unanswered_policy__in=["keep", "return"]),
            ),
        ),
        migrations.AlterField("booking", "cancelled_by", cancelled_by()),
        migrations.AlterField("archivedbooking", "cancelled_by", cancelled_by()),
        migrations.RemoveConstraint("booking", "chk_booking_cancelled_by"),
        AddConstraintNotValid(
            "booking",
            models.CheckConstraint(
                name="chk_booking_cancelled_by",
                condition=Q(cancelled_by__isnull=True)
                | Q(status="cancelled", cancelled_by__in=CANCELLERS),
            ),
        ),
        replace_function("bookings", "bookings_update", version=3, previous=2),
        replace_function("bookings", "attendance_insert", version=1, previous=None),
        replace_function("bookings", "attendance_update", version=1, previous=None),
        replace_function("bookings", "booking_returned", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        *audited("attendance_checks"),
    ]
