"""Claim keys and store answers by functions, which other functions can call."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("idempotency", "0001_initial")]
    operations = [
        replace_function("idempotency", "claim_key", version=1, previous=None),
        replace_function("idempotency", "store_answer", version=1, previous=None),
    ]
