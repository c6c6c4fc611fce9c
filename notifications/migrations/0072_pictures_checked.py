"""Check 0071's constraint of pictures."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0071_logo_as_picture")]
    operations = [ValidateConstraint("eventemail", "chk_event_email_picture")]
