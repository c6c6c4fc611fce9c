"""Check 0018's constraint of the kinds of records."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0018_draws")]
    operations = [ValidateConstraint("lineevent", "chk_line_event_kind")]
