"""Check the events that were there before."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0037_price_rules")]
    operations = [ValidateConstraint("event", "chk_event_price_bounds")]
