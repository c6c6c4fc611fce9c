"""How bookings and tickets look in the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from bookings.models import Booking, Ticket
from evently.api.examples import BOOKING, BOOKING_REQUEST
from evently.api.fields import MomentField, price_field, seats_field
from events.serializers import EventSummary

LONGEST_QUOTE = 1000


@extend_schema_serializer(examples=[BOOKING_REQUEST])
class BookingRequest(serializers.Serializer[Any]):
    """Seats to book. Where they cost something, with the quote or the price that was seen."""

    event = serializers.UUIDField(source="event_id")
    quantity = seats_field()
    quote = serializers.CharField(
        max_length=LONGEST_QUOTE,
        required=False,
        allow_null=True,
        help_text="From `POST events/{id}/quote/`: the most to be paid.",
    )
    unit_price = price_field(
        required=False,
        allow_null=True,
        help_text="The price of a seat as it was shown. Refused if it has risen since.",
    )


class BookingCancelRequest(serializers.Serializer[Any]):
    """How many seats are given back; all of them where nothing is said."""

    quantity = seats_field(required=False, allow_null=True)


@extend_schema_serializer(examples=[BOOKING])
class BookingRepresentation(serializers.ModelSerializer[Booking]):
    """Seats of an event, taken by one person."""

    event = EventSummary(read_only=True)
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)
    expires_at = MomentField(
        read_only=True, allow_null=True, help_text="Until when an unpaid booking is kept."
    )
    cancelled_at = MomentField(read_only=True, allow_null=True)
    cancellable_until = MomentField(source="event.cancellable_until", read_only=True)

    class Meta:
        model = Booking
        fields = (
            "id",
            "booking_reference",
            "status",
            "event",
            "quantity",
            "unit_price",
            "total_amount",
            "expires_at",
            "cancelled_at",
            "cancel_reason",
            "cancellable_until",
            "version",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class TicketRepresentation(serializers.ModelSerializer[Ticket]):
    """One seat. Whoever knows the secret can enter with it."""

    checked_in_at = MomentField(read_only=True, allow_null=True)
    cancelled_at = MomentField(read_only=True, allow_null=True)

    class Meta:
        model = Ticket
        fields = ("id", "secret", "checked_in_at", "cancelled_at")
        read_only_fields = fields


class BookingDetail(BookingRepresentation):
    """A booking with its tickets."""

    tickets = TicketRepresentation(many=True, read_only=True, source="tickets_in_order")

    class Meta(BookingRepresentation.Meta):
        fields = (*BookingRepresentation.Meta.fields, "tickets")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]
