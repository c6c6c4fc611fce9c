"""Remember what the people of an event are still to be told."""

import django.db.models.deletion
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.database.sql import foreign_key


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0026_drop_due_index"),
        ("events", "0027_index_orders"),
    ]
    operations = [
        migrations.CreateModel(
            name="Announcement",
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
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.event",
                    ),
                ),
                ("key", models.TextField()),
                ("message", models.TextField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={"db_table": "announcements"},
        ),
        foreign_key("announcements", "event_id", "events", on_delete="CASCADE"),
    ]
