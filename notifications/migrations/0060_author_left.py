"""Let a scheduled message wait as its author no longer manages the event."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

HOLDS = ["", "event_cancelled", "event_changed", "author_left"]
CHOICES = [
    ("", "–"),
    ("event_cancelled", "The event was cancelled"),
    ("event_changed", "The time or place of the event changed"),
    ("author_left", "Its author no longer manages the event"),
]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0059_received_message")]
    operations = [
        migrations.AlterField(
            "organizermessage",
            "hold",
            models.TextField(blank=True, choices=CHOICES, db_default="", default=""),
        ),
        migrations.RemoveConstraint("organizermessage", "chk_organizer_message_hold"),
        AddConstraintNotValid(
            "organizermessage",
            models.CheckConstraint(
                name="chk_organizer_message_hold",
                condition=Q(hold="") | Q(hold__in=HOLDS, state="draft"),
            ),
        ),
        # On the way back, it is a draft without a reason.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "UPDATE organizer_messages SET hold = '' WHERE hold = 'author_left'",
        ),
    ]
