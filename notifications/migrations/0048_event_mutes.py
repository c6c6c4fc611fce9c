"""Let people turn off messages about one event, and keep on what cannot be turned off."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function
from evently.lifecycle.migration import deleted_after

# Named to run before the one that sees whether preferences have changed.
TRIGGER = """
CREATE TRIGGER trg_a_preferences_kept BEFORE INSERT OR UPDATE OF preferences ON users
    FOR EACH ROW WHEN (NEW.preferences <> '{}')
    EXECUTE FUNCTION evently_preferences_kept();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0047_sent_emails"),
        ("events", "0044_reminders"),
        ("lifecycle", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="EventMute",
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
                ("category", models.TextField()),
                ("channel", models.TextField()),
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
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.event",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "event_mutes",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["user", "event", "category", "channel"], name="unq_event_mute"
                    ),
                    models.CheckConstraint(
                        name="chk_event_mute_category",
                        condition=Q(category__in=("reminders", "changes", "messages")),
                    ),
                    models.CheckConstraint(
                        name="chk_event_mute_channel",
                        condition=Q(channel__in=("in_app", "email")),
                    ),
                ],
            },
        ),
        foreign_key("event_mutes", "event_id", "events", on_delete="CASCADE"),
        foreign_key("event_mutes", "user_id", "users", on_delete="CASCADE"),
        *audited("event_mutes"),
        deleted_after("2 years", "event_mutes", at="created_at"),
        replace_function("notifications", "always_sent", version=1, previous=None),
        replace_function("notifications", "preferences_kept", version=1, previous=None),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER trg_a_preferences_kept ON users;"),
    ]
