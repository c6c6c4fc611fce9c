from django.db import migrations, models

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    """Keep which role changed a price, and whether the application has signed the name."""

    dependencies = [("events", "0005_last_change"), ("audit", "0003_signed_changes")]
    operations = [
        migrations.AddField(
            "pricechange", "signed", models.BooleanField(null=True, editable=False)
        ),
        migrations.AddField(
            "pricechange", "db_role", models.TextField(db_default="", editable=False)
        ),
        replace_function("events", "record_price", version=2, previous=1),
    ]
