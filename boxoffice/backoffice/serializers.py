"""The analytics of an event as the API represents them."""

from typing import Any

from rest_framework import serializers

from evently.api.fields import AmountsMixin, price_field


class AnalyticsRepresentation(AmountsMixin, serializers.Serializer[Any]):
    """The current figures of an event."""

    amounts = ("revenue", "current_price")
    currency_source = "currency"

    event = serializers.UUIDField()
    total_capacity = serializers.IntegerField()
    available_seats = serializers.IntegerField()
    booked_seats = serializers.IntegerField()
    held_seats = serializers.IntegerField(help_text="Seats held by open offers.")
    waiting_entries = serializers.IntegerField(help_text="Waitlist entries without an offer.")
    waiting_seats = serializers.IntegerField(help_text="Seats that these entries ask for.")
    bookings = serializers.IntegerField(help_text="Bookings that are not cancelled.")
    cancelled_bookings = serializers.IntegerField()
    revenue = price_field(help_text="The sum of confirmed bookings.")
    current_price = price_field()
    currency = serializers.CharField()
    attempts = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Booking attempts by outcome: `success`, or the code of the error. "
        "Those of days that are over still count when the attempts themselves are deleted.",
    )
