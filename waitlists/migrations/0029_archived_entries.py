"""Move waitlists of events that ended long ago to an archive, with their offers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function
from evently.lifecycle.migration import to_cold_after


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0033_retention"),
        ("waitlists", "0028_archive"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ArchivedEntry",
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
                ("status", models.TextField()),
                ("quantity", models.PositiveSmallIntegerField()),
                ("joined_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                (
                    "archived_at",
                    models.DateTimeField(db_default=evently.database.functions.Clock()),
                ),
                ("record", models.JSONField(db_default={}, default=dict)),
                ("offers", models.JSONField(db_default=[], default=list)),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="archived_entries",
                        to="events.event",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="archived_entries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "waitlists_archive",
                "indexes": [
                    models.Index(fields=["ended_at", "id"], name="idx_entries_archive_ended")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["booked", "left", "expired"])),
                        name="chk_archived_entry_status",
                    )
                ],
            },
        ),
        foreign_key("waitlists_archive", "user_id", "users", on_delete="CASCADE"),
        foreign_key("waitlists_archive", "event_id", "events", on_delete="CASCADE"),
        organizer_triggers("waitlists_archive", foreign_key="fk_waitlists_archive_event"),
        # The function that archives writes one line for all entries of an event.
        *audited("waitlists_archive", when="evently_retiring() IS NULL"),
        replace_function("waitlists", "archive_waitlist", version=1, previous=None),
        to_cold_after(
            "2 years", "waitlists_archive", at="ended_at", order="ended_at", restorable=True
        ),
    ]
