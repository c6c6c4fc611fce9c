"""Keep changes of email addresses, until and after they are confirmed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
import evently.privacy.sealing
from evently.audit.migration import audited
from evently.database.sql import foreign_key

SEALED = "^sealed:v1:[A-Za-z0-9_-]{38,}$"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_links_version"), ("audit", "0003_signed_changes")]
    operations = [
        migrations.CreateModel(
            name="EmailChange",
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
                    "old_email",
                    evently.privacy.sealing.SealedField(
                        editable=False, verbose_name="old email address"
                    ),
                ),
                (
                    "new_email",
                    evently.privacy.sealing.SealedField(
                        editable=False, verbose_name="new email address"
                    ),
                ),
                (
                    "requested_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="email_changes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "email_changes",
                "indexes": [
                    models.Index(fields=["user", "requested_at"], name="idx_email_changes_user")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", True)),
                        fields=("user",),
                        name="unq_email_change_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("new_email__regex", SEALED), ("old_email__regex", SEALED)
                        ),
                        name="chk_email_change_sealed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("confirmed_at__isnull", True), ("undone_at__isnull", True)),
                            models.Q(
                                ("confirmed_at__gte", models.F("requested_at")),
                                ("undone_at__isnull", True),
                            ),
                            models.Q(
                                ("confirmed_at__gte", models.F("requested_at")),
                                ("confirmed_at__isnull", False),
                                ("undone_at__gte", models.F("confirmed_at")),
                            ),
                            _connector="OR",
                        ),
                        name="chk_email_change_order",
                    ),
                ],
            },
        ),
        foreign_key("email_changes", "user_id", "users", on_delete="CASCADE"),
        *audited("email_changes"),
    ]
