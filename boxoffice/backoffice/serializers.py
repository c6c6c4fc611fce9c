"""How an event's figures look in the API."""

from typing import Any

from rest_framework import serializers

from evently.api.fields import price_field


class AnalyticsRepresentation(serializers.Serializer[Any]):
    """An event's figures at this moment."""

    event = serializers.UUIDField()
    total_capacity = serializers.IntegerField()
    available_seats = serializers.IntegerField()
    booked_seats = serializers.IntegerField()
    held_seats = serializers.IntegerField(help_text="Seats of open offers.")
    waiting_entries = serializers.IntegerField()
    waiting_seats = serializers.IntegerField()
    bookings = serializers.IntegerField(help_text="Bookings that are not cancelled.")
    cancelled_bookings = serializers.IntegerField()
    revenue = price_field(help_text="The sum of confirmed bookings.")
    current_price = price_field()
    currency = serializers.CharField()
    attempts = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Attempts to book by how they ended: `success`, or the code of the refusal.",
    )
