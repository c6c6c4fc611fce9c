from django.db import migrations, models


class Migration(migrations.Migration):
    """Remember which register is this database's, and find receipts that are not complete."""

    dependencies = [("erasure", "0001_erasures")]
    operations = [
        migrations.AddField("registerstate", "header", models.TextField(db_default="", default="")),
        migrations.AddIndex(
            "erasure",
            models.Index(
                fields=["user_id"],
                name="idx_erasures_open",
                condition=models.Q(("completed_at__isnull", True)),
            ),
        ),
    ]
