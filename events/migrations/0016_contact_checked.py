"""Check the rows that were there before."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0015_contact")]
    operations = [
        ValidateConstraint("event", "chk_event_contact_email"),
        ValidateConstraint("event", "chk_event_contact_url"),
    ]
