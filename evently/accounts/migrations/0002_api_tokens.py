"""API tokens, kept as digests, which go with their user."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited

SCOPES = [("read", "Read"), ("book", "Book and join lines"), ("organize", "Organize events")]


class Migration(migrations.Migration):
    """Keys to the API."""

    dependencies = [("accounts", "0001_users"), ("audit", "0001_audit_log")]
    operations = [
        migrations.CreateModel(
            name="ApiToken",
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
                ("name", models.TextField()),
                ("digest", models.TextField(editable=False)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(choices=SCOPES), size=None
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_on", models.DateField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "db_table": "api_tokens",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("digest",), name="unq_token_digest"),
                    models.CheckConstraint(
                        condition=Q(
                            ("scopes__contained_by", ["read", "book", "organize"]),
                            ("scopes__len__gt", 0),
                        ),
                        name="chk_token_scopes",
                    ),
                    models.CheckConstraint(
                        condition=Q(("digest__regex", "^[0-9a-f]{64}$")),
                        name="chk_token_digest",
                    ),
                    models.CheckConstraint(
                        condition=Q(("expires_at__gt", F("created_at"))),
                        name="chk_token_expiry",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE api_tokens ADD CONSTRAINT fk_token_user FOREIGN KEY (user_id) "
            "REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE api_tokens DROP CONSTRAINT fk_token_user",
        ),
        # What people call their tokens may be personal, and the trail cannot be cleaned.
        *audited("api_tokens", ignore=["last_used_on"], redact=["name"]),
    ]
