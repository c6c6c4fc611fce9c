"""Find the bookings of a quote, and check those that were made before."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0004_quotes")]
    operations = [
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "booking",
            models.Index(
                fields=["quote_id"],
                name="idx_bookings_quote",
                condition=Q(quote_id__isnull=False),
            ),
        ),
        ValidateConstraint("booking", "chk_booking_quote"),
    ]
