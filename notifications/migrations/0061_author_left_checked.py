"""Check that each message to attendees is held for a reason that is known."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0060_author_left")]
    operations = [ValidateConstraint("organizermessage", "chk_organizer_message_hold")]
