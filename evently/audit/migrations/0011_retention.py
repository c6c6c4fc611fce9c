"""Let old rows of the audit log go to cold storage."""

from django.db import migrations

from evently.lifecycle.migration import to_cold_after


class Migration(migrations.Migration):
    dependencies = [("audit", "0010_lifecycle")]
    operations = [to_cold_after("2 years", "audit_log", at="at")]
