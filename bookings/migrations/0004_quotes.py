"""The quote that a booking was made with, so that a quote pays for its seats once."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_booking_rules")]
    operations = [
        migrations.AddField("booking", "quote_id", models.UUIDField(editable=False, null=True)),
        migrations.AddField(
            "booking",
            "quote_quantity",
            models.SmallIntegerField(editable=False, null=True),
        ),
        AddConstraintNotValid(
            "booking",
            models.CheckConstraint(
                name="chk_booking_quote",
                condition=Q(quote_id__isnull=True, quote_quantity__isnull=True)
                | Q(
                    quote_id__isnull=False,
                    quote_quantity__isnull=False,
                    quote_quantity__gte=F("quantity"),
                ),
            ),
        ),
        replace_function("bookings", "bookings_update", version=2, previous=1),
    ]
