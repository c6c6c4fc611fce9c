"""Fields that all serializers share."""

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class MomentField(serializers.DateTimeField):
    """A moment as in RFC 3339: with its offset when it comes in, in UTC when it goes out."""

    default_error_messages = {
        "naive": "Say the offset from UTC too, as in 2027-05-01T18:00:00+02:00 or …Z.",
        "far": "This is too far from today.",
    }

    def __init__(self, **kwargs: Any) -> None:
        """Take the arguments of a DateTimeField."""
        super().__init__(default_timezone=UTC, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        """Return the moment in UTC; refuse one that could be any of 24 hours."""
        if timezone.is_naive(value):
            self.fail("naive")
        moment: datetime = super().enforce_timezone(value)
        if not EARLIEST <= moment < LATEST:
            self.fail("far")
        return moment


def price_field(**kwargs: Any) -> serializers.DecimalField:
    """Return the field of an amount: a string like "19.50", 0 or more."""
    return serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0, **kwargs)


def seats_field(**kwargs: Any) -> serializers.IntegerField:
    """Return the field of a number of seats in one booking."""
    return serializers.IntegerField(min_value=1, max_value=10, **kwargs)
