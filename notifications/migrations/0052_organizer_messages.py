"""Keep the messages that organizers write to attendees, and how many a day there may be."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function
from evently.lifecycle.migration import deleted_after

LIMIT = """
CREATE TABLE secrets.organizer_messages (
    single boolean DEFAULT true CONSTRAINT organizer_messages_limit_pkey PRIMARY KEY,
    per_day smallint NOT NULL DEFAULT 5,
    CONSTRAINT chk_organizer_messages_single CHECK (single),
    CONSTRAINT chk_organizer_messages_limit CHECK (per_day BETWEEN 1 AND 100)
);
INSERT INTO secrets.organizer_messages DEFAULT VALUES;
"""
# In the order of their names: the first sets the times that the second looks at.
TRIGGERS = """
CREATE TRIGGER trg_organizer_message BEFORE INSERT OR UPDATE ON organizer_messages
    FOR EACH ROW EXECUTE FUNCTION evently_organizer_message();
CREATE TRIGGER trg_organizer_message_limit BEFORE UPDATE ON organizer_messages
    FOR EACH ROW WHEN (OLD.state = 'draft' AND NEW.state IN ('scheduled', 'sending'))
    EXECUTE FUNCTION evently_organizer_message_limit();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_organizer_message_limit ON organizer_messages;
DROP TRIGGER trg_organizer_message ON organizer_messages;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0051_offer_moved_kind"),
        ("evently", "0002_schemas"),
        ("events", "0030_organizers"),
        ("lifecycle", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OrganizerMessage",
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
                ("organizer_id", models.UUIDField(editable=False)),
                ("subject", models.TextField()),
                ("body", models.TextField()),
                (
                    "audience",
                    models.TextField(
                        choices=[
                            ("booked", "Everyone who has seats"),
                            ("waiting", "Everyone on the waitlist"),
                            ("everyone", "Everyone who has seats or is on the waitlist"),
                            ("not_checked_in", "Ticket holders who have not checked in"),
                            ("bookings", "Some bookings only"),
                        ]
                    ),
                ),
                (
                    "booking_ids",
                    models.JSONField(
                        db_default=models.Value([], models.JSONField()),
                        default=list,
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("draft", "Draft"),
                            ("scheduled", "Scheduled"),
                            ("sending", "Sending"),
                            ("stopped", "Stopped"),
                            ("sent", "Sent"),
                        ],
                        db_default="draft",
                        default="draft",
                    ),
                ),
                (
                    "hold",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("", "–"),
                            ("event_cancelled", "The event was cancelled"),
                            ("event_changed", "The time or place of the event changed"),
                        ],
                        db_default="",
                        default="",
                    ),
                ),
                ("send_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("ended_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("recipients", models.IntegerField(db_default=0, default=0, editable=False)),
                ("told", models.IntegerField(db_default=0, default=0, editable=False)),
                ("told_until", models.UUIDField(editable=False, null=True)),
                ("withdrawn", models.IntegerField(db_default=0, default=0, editable=False)),
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
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "message to attendees",
                "verbose_name_plural": "messages to attendees",
                "db_table": "organizer_messages",
                "indexes": [
                    models.Index(
                        fields=["event", "created_at"], name="idx_organizer_messages_event"
                    ),
                    models.Index(
                        condition=models.Q(("by__isnull", False)),
                        fields=["by"],
                        name="idx_organizer_messages_by",
                    ),
                    models.Index(
                        condition=models.Q(("hold", ""), _negated=True),
                        fields=["event", "updated_at"],
                        name="idx_organizer_messages_held",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["scheduled", "sending"])),
                        fields=["event"],
                        name="idx_organizer_messages_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "scheduled", "sending", "stopped", "sent"])
                        ),
                        name="chk_organizer_message_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "audience__in",
                                ["booked", "waiting", "everyone", "not_checked_in", "bookings"],
                            )
                        ),
                        name="chk_organizer_message_audience",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("audience", "bookings"),
                                models.Q(("booking_ids", []), _negated=True),
                            ),
                            models.Q(
                                models.Q(("audience", "bookings"), _negated=True),
                                ("booking_ids", []),
                            ),
                            _connector="OR",
                        ),
                        name="chk_organizer_message_bookings",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("subject__regex", "^[^\\u0001-\\u001f\\u007f]{1,150}$")
                        ),
                        name="chk_organizer_message_subject",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("body", ""), _negated=True),
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length("body"), 10000
                            ),
                        ),
                        name="chk_organizer_message_body",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("hold", ""),
                            models.Q(
                                ("hold__in", ["", "event_cancelled", "event_changed"]),
                                ("state", "draft"),
                            ),
                            _connector="OR",
                        ),
                        name="chk_organizer_message_hold",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True),
                                ("send_at__isnull", True),
                                ("started_at__isnull", True),
                                ("state", "draft"),
                            ),
                            models.Q(
                                ("ended_at__isnull", True),
                                ("send_at__isnull", False),
                                ("started_at__isnull", True),
                                ("state", "scheduled"),
                            ),
                            models.Q(
                                ("ended_at__isnull", True),
                                ("started_at__isnull", False),
                                ("state", "sending"),
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("started_at__isnull", False),
                                ("state__in", ["stopped", "sent"]),
                            ),
                            _connector="OR",
                        ),
                        name="chk_organizer_message_times",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recipients__gte", 0), ("told__gte", 0), ("withdrawn__gte", 0)
                        ),
                        name="chk_organizer_message_counts",
                    ),
                ],
            },
        ),
        foreign_key("organizer_messages", "event_id", "events", on_delete="CASCADE"),
        foreign_key("organizer_messages", "by_id", "users", on_delete="SET NULL"),
        organizer_triggers("organizer_messages", foreign_key="fk_organizer_messages_event"),
        migrations.RunSQL(LIMIT, "DROP TABLE secrets.organizer_messages"),
        replace_function("notifications", "organizer_message", version=1, previous=None),
        replace_function("notifications", "organizer_message_limit", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        # How far sending is, changes with each batch; texts are redacted with their author.
        *audited(
            "organizer_messages",
            ignore=["told", "told_until", "recipients"],
            redact=["subject", "body"],
        ),
        deleted_after("400 days", "organizer_messages", at="updated_at"),
    ]
