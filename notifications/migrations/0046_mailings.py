"""Remember which reminders and thanks have gone out to the attendees of an event."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import evently.database.functions
import evently.database.ids
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key
from evently.lifecycle.migration import deleted_after


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0045_reminder_kinds"),
        ("events", "0044_reminders"),
        ("lifecycle", "0001_initial"),
    ]
    operations = [
        migrations.CreateModel(
            name="Mailing",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        primary_key=True,
                        default=evently.database.ids.uuid7,
                        db_default=evently.database.functions.UuidV7(),
                        editable=False,
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
                        related_name="+",
                        to="events.event",
                    ),
                ),
                (
                    "kind",
                    models.TextField(choices=[("reminder", "Reminder"), ("event_over", "Thanks")]),
                ),
                ("due_at", models.DateTimeField()),
                ("people", models.PositiveIntegerField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "mailings",
                "constraints": [
                    models.UniqueConstraint(fields=["event", "kind", "due_at"], name="unq_mailing"),
                    models.CheckConstraint(
                        name="chk_mailing_kind", condition=Q(kind__in=["reminder", "event_over"])
                    ),
                ],
            },
        ),
        foreign_key("mailings", "event_id", "events", on_delete="CASCADE"),
        organizer_triggers("mailings", foreign_key="fk_mailings_event"),
        deleted_after("400 days", "mailings", at="created_at"),
    ]
