"""Requests for emails, written for any address and answered by a task."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

import evently.database.functions
import evently.database.ids


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_unconfirmed_emails")]
    operations = [
        migrations.CreateModel(
            name="EmailRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=evently.database.functions.UuidV7(),
                        default=evently.database.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("password_reset", "Password Reset"),
                            ("login_link", "Login Link"),
                            ("verification", "Verification"),
                            ("registration", "Registration"),
                        ]
                    ),
                ),
                (
                    "email_digests",
                    ArrayField(base_field=models.TextField(), editable=False, size=None),
                ),
                ("user_id", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "email_requests",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["password_reset", "login_link", "verification", "registration"],
                            )
                        ),
                        name="chk_email_request_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email_digests__len__gt", 0)),
                        name="chk_email_request_digest",
                    ),
                ],
            },
        ),
    ]
