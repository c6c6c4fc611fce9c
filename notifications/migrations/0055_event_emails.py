"""Texts and sender of the emails about one event, as its organizer writes them."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0046_ended_indexed"),
        ("notifications", "0054_index_written"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventEmail",
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
                (
                    "template_type",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("welcome", "Welcome"),
                            ("booking_confirm", "Booking confirmed"),
                            ("cancellation", "Booking cancelled"),
                            ("waitlist_join", "Joined a waitlist"),
                            ("waitlist_promotion", "Seats offered"),
                            ("reminder", "Reminder of an event"),
                            ("payment_reminder", "Payment due"),
                            ("event_over", "Thanks after an event"),
                            ("organizer_message", "Message from an organizer"),
                            ("notification", "Everything else"),
                        ],
                        null=True,
                    ),
                ),
                ("above", models.TextField(blank=True, db_default="", default="")),
                ("below", models.TextField(blank=True, db_default="", default="")),
                ("sender_name", models.TextField(blank=True, db_default="", default="")),
                ("reply_to", models.TextField(blank=True, db_default="", default="")),
                (
                    "picture",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("", "As in all emails"),
                            ("none", "No picture"),
                            ("drawing", "The event's drawing"),
                        ],
                        db_default="",
                        default="",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                ("failed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "failure",
                    models.TextField(blank=True, db_default="", default="", editable=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="email_texts",
                        to="events.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "text of an event's emails",
                "verbose_name_plural": "texts of an event's emails",
                "db_table": "event_emails",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("event", "template_type"),
                        name="unq_event_email",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("template_type__isnull", True),
                            (
                                "template_type__in",
                                [
                                    "welcome",
                                    "booking_confirm",
                                    "cancellation",
                                    "waitlist_join",
                                    "waitlist_promotion",
                                    "reminder",
                                    "payment_reminder",
                                    "event_over",
                                    "organizer_message",
                                    "notification",
                                ],
                            ),
                            _connector="OR",
                        ),
                        name="chk_event_email_type",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length("above"), 3000
                            ),
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length("below"), 3000
                            ),
                        ),
                        name="chk_event_email_texts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sender_name__regex", '^[^[:cntrl:]@<>"\\\\]{0,70}$')),
                        name="chk_event_email_sender",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reply_to", ""),
                            (
                                "reply_to__regex",
                                "^[^@[:space:][:cntrl:]]{1,64}@[^@[:space:][:cntrl:]]{1,189}$",
                            ),
                            _connector="OR",
                        ),
                        name="chk_event_email_reply_to",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("picture__in", ["", "none", "drawing"])),
                        name="chk_event_email_picture",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)), name="chk_event_email_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("failed_at__isnull", True), ("failure", "")),
                            models.Q(
                                ("failed_at__isnull", False), ("failure__regex", "^[a-z_]{1,60}$")
                            ),
                            _connector="OR",
                        ),
                        name="chk_event_email_failed",
                    ),
                ],
            },
        ),
        foreign_key("event_emails", "event_id", "events", on_delete="CASCADE"),
        organizer_triggers("event_emails", foreign_key="fk_event_emails_event"),
        # An address of a person, which the audit log could not forget.
        *audited("event_emails", redact=["reply_to"]),
    ]
