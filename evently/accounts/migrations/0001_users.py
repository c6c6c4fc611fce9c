"""Users: e-mail and name sealed from the first row on, versions kept by the database."""

from django.db import migrations, models
from django.db.models import Q

import evently.database.functions
import evently.database.ids
import evently.privacy.sealing
from evently.audit.migration import audited

# The version is what people edit against, so log-ins and used links do not raise it.
VERSIONED = """
CREATE FUNCTION user_versioned() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    NEW.updated_at := evently_clock();
    NEW.version := OLD.version;
    IF (NEW.email, NEW.name, NEW.role, NEW.is_active, NEW.is_superuser, NEW.preferences,
        NEW.deleted_at)
        IS DISTINCT FROM
       (OLD.email, OLD.name, OLD.role, OLD.is_active, OLD.is_superuser, OLD.preferences,
        OLD.deleted_at)
    THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_user_versioned BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION user_versioned();
"""
NOT_VERSIONED = """
DROP TRIGGER trg_user_versioned ON users;
DROP FUNCTION user_versioned();
"""


class Migration(migrations.Migration):
    """People."""

    initial = True
    dependencies = [("evently", "0001_functions"), ("audit", "0001_audit_log")]
    operations = [
        migrations.CreateModel(
            name="User",
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
                    "sealed_email",
                    evently.privacy.sealing.SealedField(
                        db_column="email", editable=False, verbose_name="e-mail address"
                    ),
                ),
                (
                    "email_digest",
                    models.TextField(editable=False, null=True, verbose_name="e-mail address"),
                ),
                (
                    "sealed_name",
                    evently.privacy.sealing.SealedField(
                        db_column="name", editable=False, verbose_name="name"
                    ),
                ),
                (
                    "password",
                    models.TextField(
                        db_column="password_hash",
                        db_default="!",
                        editable=False,
                        verbose_name="password",
                    ),
                ),
                (
                    "role",
                    models.TextField(
                        choices=[("user", "Attendee"), ("admin", "Organizer")],
                        db_default="user",
                        default="user",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(db_default=True, default=True, verbose_name="active"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(db_default=False, default=False, verbose_name="superuser"),
                ),
                (
                    "preferences",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                ("version", models.IntegerField(db_default=1, default=1, editable=False)),
                ("session_version", models.IntegerField(db_default=1, default=1, editable=False)),
                ("link_version", models.IntegerField(db_default=1, default=1, editable=False)),
                ("email_verified_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "db_table": "users",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=Q(("deleted_at__isnull", True)),
                        fields=["id"],
                        name="idx_users_active",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("email_digest",), name="unq_user_email_digest"),
                    models.CheckConstraint(
                        condition=Q(("sealed_email__regex", "^sealed:v1:[A-Za-z0-9_-]{38,}$")),
                        name="chk_email_format",
                    ),
                    models.CheckConstraint(
                        condition=Q(("sealed_name__regex", "^sealed:v1:[A-Za-z0-9_-]{38,}$")),
                        name="chk_name_sealed",
                    ),
                    models.CheckConstraint(
                        condition=Q(("email_digest__regex", "^[0-9a-f]{64}$")),
                        name="chk_email_digest",
                    ),
                    models.CheckConstraint(
                        condition=Q(("role__in", ["user", "admin"])), name="chk_user_role"
                    ),
                    models.CheckConstraint(
                        condition=Q(("is_superuser", False), ("role", "admin"), _connector="OR"),
                        name="chk_superuser_is_admin",
                    ),
                ],
            },
        ),
        migrations.RunSQL(VERSIONED, NOT_VERSIONED),
        *audited("users", ignore=["session_version", "link_version", "version"]),
    ]
