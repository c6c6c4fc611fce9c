"""Call a row of the delivery log an email."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_default_templates")]
    operations = [
        migrations.AlterModelOptions(
            "emaildelivery",
            options={"verbose_name": "email", "verbose_name_plural": "delivery log"},
        )
    ]
