"""Fill in the organizers of rows from before the column."""

from django.db import migrations

from evently.database.organizers import filled, not_null_soon


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0029_organizers")]
    operations = [
        filled("announcements"),
        filled("email_delivery_log"),
        filled("email_resends"),
        not_null_soon("announcements"),
    ]
