"""Tell who cancelled a booking, apart from the reason that they gave."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

CANCELLERS = ["attendee", "organizer", "event", "expiry"]


def column() -> models.TextField:
    return models.TextField(
        blank=True, choices=[(name, name.title()) for name in CANCELLERS], null=True
    )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0009_forged_attempts")]
    operations = [
        migrations.AddField("booking", "cancelled_by", column()),
        migrations.AddField("archivedbooking", "cancelled_by", column()),
        AddConstraintNotValid(
            "booking",
            models.CheckConstraint(
                name="chk_booking_cancelled_by",
                condition=Q(cancelled_by__isnull=True)
                | Q(status="cancelled", cancelled_by__in=CANCELLERS),
            ),
        ),
    ]
