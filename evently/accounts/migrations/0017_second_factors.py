"""Second factors: authenticator apps, passkeys, recovery codes, and who reset them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
import evently.privacy.sealing
from evently.audit.migration import audited
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

TABLES = ("totp_factors", "passkeys", "recovery_codes", "second_factor_resets")
TRIGGERS = """
    CREATE TRIGGER trg_totp_used BEFORE UPDATE ON totp_factors
        FOR EACH ROW EXECUTE FUNCTION evently_totp_used();
    CREATE TRIGGER trg_passkey_used BEFORE UPDATE ON passkeys
        FOR EACH ROW EXECUTE FUNCTION evently_passkey_used();
    CREATE TRIGGER trg_recovery_code_used BEFORE UPDATE ON recovery_codes
        FOR EACH ROW EXECUTE FUNCTION evently_recovery_code_used();
    CREATE TRIGGER trg_reset_kept BEFORE UPDATE ON second_factor_resets
        FOR EACH ROW EXECUTE FUNCTION evently_reset_kept();
"""
NO_TRIGGERS = """
    DROP TRIGGER trg_reset_kept ON second_factor_resets;
    DROP TRIGGER trg_recovery_code_used ON recovery_codes;
    DROP TRIGGER trg_passkey_used ON passkeys;
    DROP TRIGGER trg_totp_used ON totp_factors;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_user_sessions"), ("audit", "0005_set_context")]
    operations = [
        migrations.CreateModel(
            name="Passkey",
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
                ("credential_id", models.TextField(editable=False)),
                ("public_key", models.BinaryField()),
                ("sign_count", models.BigIntegerField(db_default=0, default=0, editable=False)),
                (
                    "transports",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        db_default=models.Value(
                            [],
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(), size=None
                            ),
                        ),
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="passkeys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "passkeys",
                "indexes": [models.Index(fields=["user", "created_at"], name="idx_passkeys_user")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("credential_id",), name="unq_passkey_credential"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sign_count__gte", 0)), name="chk_passkey_count"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "^.{1,60}$")), name="chk_passkey_name"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
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
                ("digest", models.TextField(editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "recovery_codes",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "digest"), name="unq_recovery_code"),
                    models.CheckConstraint(
                        condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                        name="chk_recovery_code_digest",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SecondFactorReset",
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
                ("reset_by_id", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "reason",
                    evently.privacy.sealing.SealedField(editable=False, verbose_name="reason"),
                ),
                (
                    "reset_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="second_factor_resets",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "second_factor_resets",
                "indexes": [models.Index(fields=["user", "reset_at"], name="idx_resets_user")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "^sealed:v1:[A-Za-z0-9_-]{38,}$")),
                        name="chk_reset_sealed",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TotpFactor",
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
                    "secret",
                    evently.privacy.sealing.SealedField(editable=False, verbose_name="secret"),
                ),
                ("last_step", models.BigIntegerField(blank=True, editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("confirmed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="totp_factors",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "totp_factors",
                "constraints": [
                    models.UniqueConstraint(fields=("user",), name="unq_totp_user"),
                    models.CheckConstraint(
                        condition=models.Q(("secret__regex", "^sealed:v1:[A-Za-z0-9_-]{38,}$")),
                        name="chk_totp_sealed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_at__isnull", True),
                            ("last_step__isnull", False),
                            _connector="OR",
                        ),
                        name="chk_totp_confirmed",
                    ),
                ],
            },
        ),
        *(foreign_key(table, "user_id", "users", on_delete="CASCADE") for table in TABLES),
        replace_function("accounts", "totp_used", version=1, previous=None),
        replace_function("accounts", "passkey_used", version=1, previous=None),
        replace_function("accounts", "recovery_code_used", version=1, previous=None),
        replace_function("accounts", "reset_kept", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        *audited("totp_factors", ignore=("last_step",)),
        *audited(
            "passkeys",
            ignore=("sign_count", "last_used_at"),
            redact=("name", "credential_id", "public_key"),
        ),
        *audited("recovery_codes"),
        *audited("second_factor_resets"),
    ]
