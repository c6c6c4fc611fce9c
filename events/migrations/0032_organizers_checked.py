"""Refuse rows without an organizer."""

from django.db import migrations, models

from evently.database.organizers import never_null

TABLES = {
    "eventstaff": "event_staff",
    "eventmetric": "event_analytics",
    "eventimportrow": "event_import_rows",
    "pricechange": "pricing_history",
}


class Migration(migrations.Migration):
    dependencies = [("events", "0031_fill_organizers")]
    operations = [
        *never_null(
            [
                (model, table, "organizer_id", models.UUIDField(editable=False))
                for model, table in TABLES.items()
            ]
        ),
    ]
