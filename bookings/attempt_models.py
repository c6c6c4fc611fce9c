"""Attempts to book, which show how a sale went."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from evently.database.functions import Clock
from evently.database.models import Organized
from events.models import Event


class AttemptResult(models.TextChoices):
    SUCCESS = "success"
    FAILED = "failed"


class BookingAttempt(Organized):
    """An attempt to book, successful or refused. `quantity` is as requested, even if invalid."""

    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="attempts", db_constraint=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="booking_attempts",
        db_constraint=False,
    )
    booking = models.ForeignKey(
        "bookings.Booking",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="attempts",
        db_constraint=False,
    )
    quantity = models.BigIntegerField(null=True)
    result = models.TextField(choices=AttemptResult)
    failure_reason = models.TextField(null=True)
    attempted_at = models.DateTimeField(db_default=Clock())
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.TextField(db_default="", default="")

    class Meta:
        db_table = "booking_attempts"
        constraints = [
            models.CheckConstraint(
                name="chk_attempt_result", condition=Q(result__in=AttemptResult.values)
            ),
            models.CheckConstraint(
                name="chk_attempt_outcome",
                condition=Q(
                    result=AttemptResult.SUCCESS, failure_reason__isnull=True, booking__isnull=False
                )
                | Q(
                    result=AttemptResult.FAILED, failure_reason__isnull=False, booking__isnull=True
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["result", "attempted_at"],
                name="idx_attempts_result_time",
                condition=Q(result=AttemptResult.FAILED),
            ),
            # Those that are due to be deleted.
            models.Index(fields=["attempted_at"], name="idx_attempts_time"),
        ]
