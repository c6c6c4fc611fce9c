"""Refuse announcements without an organizer. Emails that are about no event have none."""

from django.db import migrations, models

from evently.database.organizers import never_null


class Migration(migrations.Migration):
    dependencies = [("notifications", "0030_fill_organizers")]
    operations = never_null(
        [("announcement", "announcements", "organizer_id", models.UUIDField(editable=False))]
    )
