"""Check 0035's constraints of offers, and of the kinds of records."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0035_offers_moved")]
    operations = [
        ValidateConstraint("promotion", "chk_promotion_moved"),
        ValidateConstraint("promotion", "chk_promotion_unreached"),
        ValidateConstraint("lineevent", "chk_line_event_kind"),
    ]
