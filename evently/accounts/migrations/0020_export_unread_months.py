"""Keep which months of cold storage an export lacks."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0019_data_exports")]

    operations = [
        migrations.AddField(
            model_name="dataexport",
            name="unread_months",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateField(),
                db_default=models.Value(
                    [],
                    django.contrib.postgres.fields.ArrayField(base_field=models.DateField()),
                ),
                default=list,
                editable=False,
                size=None,
            ),
        ),
    ]
