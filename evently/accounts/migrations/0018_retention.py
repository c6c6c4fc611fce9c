"""Let ended API tokens and old changes of email addresses expire."""

from django.db import migrations

from evently.lifecycle.migration import deleted_after


class Migration(migrations.Migration):
    dependencies = [("accounts", "0017_second_factors"), ("lifecycle", "0001_initial")]
    operations = [
        deleted_after("90 days", "api_tokens", at="expires_at"),
        deleted_after("1 year", "email_changes", at="requested_at"),
    ]
