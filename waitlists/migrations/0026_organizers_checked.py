"""Refuse rows without an organizer."""

from django.db import migrations, models

from evently.database.organizers import never_null

TABLES = {"waitlistentry": "waitlists", "promotion": "waitlist_promotions", "draw": "draws"}


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0025_fill_organizers")]
    operations = [
        *never_null(
            [
                (model, table, "organizer_id", models.UUIDField(editable=False))
                for model, table in TABLES.items()
            ]
        ),
    ]
