"""Columns for acts and signatures of the audit log, and the keys that signatures are checked with.

Rows that exist keep the constant defaults, so no table is rewritten: they belong to one act that
stands for all earlier changes (`evently.audit.models.EARLIER`).
"""

from uuid import UUID

from django.db import migrations, models

KEYS = """
CREATE TABLE secrets.audit_keys (
    name text PRIMARY KEY,
    inner_pad bytea NOT NULL,
    outer_pad bytea NOT NULL,
    CONSTRAINT chk_audit_key_pads CHECK (length(inner_pad) = 64 AND length(outer_pad) = 64)
);
CREATE TYPE audit_stamped AS (
    actor text, via text, request_id text, act uuid, cause uuid, signed boolean, client jsonb
);
"""


class Migration(migrations.Migration):
    """Keep which act a change belongs to, and whether the application has signed it."""

    dependencies = [("audit", "0001_audit_log"), ("evently", "0002_schemas")]
    operations = [
        migrations.AddField(
            "auditlog", "act", models.UUIDField(db_default=UUID(int=0), editable=False)
        ),
        migrations.AddField(
            "auditlog", "cause", models.UUIDField("act that caused it", null=True, editable=False)
        ),
        migrations.AddField("auditlog", "kind", models.TextField(db_default="", editable=False)),
        migrations.AddField("auditlog", "signed", models.BooleanField(null=True, editable=False)),
        migrations.AddField(
            "auditlog", "db_role", models.TextField("database role", db_default="", editable=False)
        ),
        migrations.AddField("auditlog", "client", models.JSONField(null=True, editable=False)),
        migrations.RunSQL(KEYS, "DROP TYPE audit_stamped; DROP TABLE secrets.audit_keys"),
    ]
