"""Labels of users and scopes as the interface words them; nothing changes in the database."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from evently.privacy.sealing import SealedField

SCOPES = [("read", "Read"), ("book", "Book and join waitlists"), ("organize", "Organize events")]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_people_who_left")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    name="user",
                    options={
                        "ordering": ["-id"],
                        "verbose_name": "user",
                        "verbose_name_plural": "users",
                    },
                ),
                migrations.AlterField(
                    model_name="apitoken",
                    name="scopes",
                    field=ArrayField(base_field=models.TextField(choices=SCOPES), size=None),
                ),
                migrations.AlterField(
                    model_name="user",
                    name="email_digest",
                    field=models.TextField(editable=False, null=True, verbose_name="email address"),
                ),
                migrations.AlterField(
                    model_name="user",
                    name="sealed_email",
                    field=SealedField(
                        db_column="email", editable=False, verbose_name="email address"
                    ),
                ),
            ]
        )
    ]
