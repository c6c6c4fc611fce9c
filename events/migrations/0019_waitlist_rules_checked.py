"""Check the rows that were there before."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0018_waitlist_rules")]
    operations = [
        ValidateConstraint("event", "chk_event_per_place"),
        ValidateConstraint("event", "chk_event_passes"),
    ]
