from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0012_ticket_holders")]
    operations = [ValidateConstraint("ticket", "chk_ticket_holder")]
