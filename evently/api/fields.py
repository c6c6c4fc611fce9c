"""Serializer fields shared by all apps."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.fields import get_attribute

from evently.currencies import MOST_DECIMALS, in_decimals
from evently.database.money import DIGIT_MESSAGES, TOO_LARGE
from evently.time_zones import LONGEST_NAME, TIME_ZONE_HINT, known_timezones

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class MomentField(serializers.DateTimeField):
    """A time as in RFC 3339: with an offset in requests, in UTC in responses."""

    default_error_messages = {
        "naive": "Must include the UTC offset, as in 2027-05-01T18:00:00+02:00 or …Z.",
        "far": "Must be between the years 1970 and 2199.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        """Return the time in UTC; refuse one without an offset, which could mean any time zone."""
        if timezone.is_naive(value):
            self.fail("naive")
        at: datetime = super().enforce_timezone(value)
        if not EARLIEST <= at < LATEST:
            self.fail("far")
        return at


class TimeZoneField(serializers.CharField):
    """The name of a time zone, or "" for none."""

    default_error_messages = {"unknown": TIME_ZONE_HINT}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_NAME, allow_blank=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        name: str = super().to_internal_value(data)
        if name and name not in known_timezones():
            self.fail("unknown")
        return name


# What requests are told about an amount that is too large or too exact.
AMOUNT_MESSAGES = {**DIGIT_MESSAGES, "max_string_length": TOO_LARGE}


def price_field(**kwargs: Any) -> serializers.DecimalField:
    """Return a field for an amount of 0 or more, a string like "19.50"."""
    return serializers.DecimalField(
        max_digits=14,
        decimal_places=MOST_DECIMALS,
        min_value=0,
        error_messages=AMOUNT_MESSAGES,
        **kwargs,
    )


def amount_text(amount: Decimal | int, currency: str) -> str:
    """Return an amount with the decimals of its currency: "19.50" in EUR, "1950" in JPY."""
    return f"{in_decimals(Decimal(amount), currency):f}"


class AmountsMixin:
    """Shows amounts with the decimals of their currency: "19.50" in EUR, "1950" in JPY.

    amounts: names of fields; null stays null. currency_source: the path to the currency from the
    row.
    """

    amounts: ClassVar[tuple[str, ...]] = ()
    currency_source: ClassVar[str] = "event.currency"

    def to_representation(self, instance: Any) -> Any:
        data = super().to_representation(instance)  # type: ignore[misc]
        currency = self.currency_of(instance)
        fields: Any = self.fields  # type: ignore[attr-defined]
        for name in self.amounts:
            amount = fields[name].get_attribute(instance)
            data[name] = None if amount is None else amount_text(amount, currency)
        return data

    def currency_of(self, instance: Any) -> str:
        currency: str = get_attribute(instance, self.currency_source.split("."))
        return currency


def seats_field(**kwargs: Any) -> serializers.IntegerField:
    """Return a field for the number of seats in one booking, 1 to 10."""
    return serializers.IntegerField(min_value=1, max_value=10, **kwargs)
