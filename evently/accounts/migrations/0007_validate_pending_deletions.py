"""Check existing rows against the constraints of 0006, while reading and writing go on."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_pending_deletions")]
    operations = [
        ValidateConstraint("user", "chk_user_deletion"),
        ValidateConstraint("apitoken", "chk_token_scopes"),
        ValidateConstraint("apitoken", "chk_token_deletion_short"),
    ]
