"""Bookings and tickets in the API."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from bookings.attendance_queries import attendance_of
from bookings.models import AttendanceCheck, Booking, Ticket
from bookings.presenters.attendance import AttendancePresenter, AttendanceState
from evently.api.examples import ATTENDANCE_REQUEST, BOOKING, BOOKING_REQUEST
from evently.api.fields import AmountsMixin, MomentField, price_field, seats_field
from evently.api.strictness import StrictBody
from evently.database.clock import now
from events.models import SEATS_PER_BOOKING
from events.serializers import EventSummary

LONGEST_QUOTE = 1000


class AttendanceRepresentation(serializers.Serializer[AttendancePresenter]):
    """Whether the attendee was asked if they are still coming, and what they have said."""

    state = serializers.ChoiceField(
        choices=AttendanceState.choices,
        help_text="`not_asked`; `open`: asked, without an answer; `answered`; `returned`: without "
        "an answer, the seats went to the waitlist; `closed`: it is too late to answer.",
    )
    text = serializers.CharField(
        help_text="In words: when the attendee will be asked, or what happens without an answer. "
        "Empty where there is nothing to say."
    )
    asked_at = MomentField(allow_null=True)
    asked_again_at = MomentField(allow_null=True)
    coming = serializers.IntegerField(
        allow_null=True, help_text="The number of seats that the attendee said they need."
    )
    answered_at = MomentField(allow_null=True)


@extend_schema_serializer(examples=[BOOKING])
class BookingRepresentation(AmountsMixin, serializers.ModelSerializer[Booking]):
    """Seats of an event, booked by one user."""

    amounts = ("unit_price", "total_amount")

    event = EventSummary(read_only=True)
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)
    expires_at = MomentField(
        read_only=True,
        allow_null=True,
        help_text="When an unpaid booking expires.",
    )
    cancelled_at = MomentField(read_only=True, allow_null=True)
    cancellable_until = MomentField(source="event.cancellable_until", read_only=True)
    attendance = serializers.SerializerMethodField(
        help_text="Whether the attendee is still coming; null where the event does not ask."
    )

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
            "cancelled_by",
            "cancel_reason",
            "cancellable_until",
            "unanswered_policy",
            "attendance",
            "version",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields
        extra_kwargs = {
            "unanswered_policy": {
                "help_text": "What was shown when it was booked about not answering whether the "
                "attendee is still coming: `keep`, or `return`. Null: they were shown nothing, and "
                "keep their seats."
            }
        }

    @extend_schema_field(AttendanceRepresentation(allow_null=True))
    def get_attendance(self, booking: Booking) -> dict[str, Any] | None:
        if booking.event.ask_days_before is None:
            return None
        context = cast(dict[str, Any], self.context)
        checks: dict[UUID, AttendanceCheck | None] = context.setdefault("checks", {})
        if booking.pk not in checks:
            # Of all bookings of a list at once.
            listed: Any = self.parent.instance if self.parent is not None else [booking]
            checks |= dict.fromkeys(each.pk for each in listed) | attendance_of(listed)
            context["checked_at"] = now()
        presenter = AttendancePresenter(booking, checks[booking.pk], at=context["checked_at"])
        data: dict[str, Any] = AttendanceRepresentation(presenter).data
        return data


@extend_schema_serializer(examples=[BOOKING_REQUEST])
class BookingRequest(StrictBody):
    """Seats to book. For an event with a price, send a quote or the price that was shown."""

    shown_in = BookingRepresentation

    event = serializers.UUIDField(source="event_id")
    quantity = seats_field()
    quote = serializers.CharField(
        max_length=LONGEST_QUOTE,
        required=False,
        allow_null=True,
        help_text="From `POST events/{id}/quote/`. You pay at most the quoted price.",
    )
    unit_price = price_field(
        required=False,
        allow_null=True,
        help_text="The price per seat that was shown. Refused if the price has risen since.",
    )


class BookingCancelRequest(StrictBody):
    """The number of seats to cancel; by default all of them."""

    shown_in = BookingRepresentation

    quantity = seats_field(required=False, allow_null=True)


@extend_schema_serializer(examples=[ATTENDANCE_REQUEST])
class AttendanceRequest(StrictBody):
    """How many seats of the booking are still needed; 0 cancels it."""

    shown_in = BookingRepresentation

    coming = serializers.IntegerField(min_value=0, max_value=SEATS_PER_BOOKING)


class TicketRepresentation(serializers.ModelSerializer[Ticket]):
    """One seat. Its secret admits the person who presents it; keep it confidential."""

    secret = serializers.SerializerMethodField(
        help_text="Null for a ticket that you have handed over: only its holder has it."
    )

    checked_in_at = MomentField(read_only=True, allow_null=True)
    cancelled_at = MomentField(read_only=True, allow_null=True)

    holder_name = serializers.CharField(
        source="name",
        read_only=True,
        help_text="The name on a ticket that was claimed from an offer or handed over; empty where "
        "it has none of its own, so that your account’s name counts.",
    )

    class Meta:
        model = Ticket
        fields = ("id", "secret", "holder_name", "checked_in_at", "cancelled_at")
        read_only_fields = fields

    def get_secret(self, ticket: Ticket) -> str | None:
        """Return the secret, unless another person has accepted the ticket."""
        return None if ticket.is_handed_over(ticket.booking) else ticket.secret


class BookingDetail(BookingRepresentation):
    """A booking with its tickets."""

    tickets = TicketRepresentation(many=True, read_only=True, source="tickets_in_order")

    class Meta(BookingRepresentation.Meta):
        fields = (*BookingRepresentation.Meta.fields, "tickets")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class AttendeeRepresentation(serializers.Serializer[Any]):
    """The person a booking belongs to. Name and email address are empty once they are erased."""

    name = serializers.CharField(read_only=True)
    email = serializers.CharField(read_only=True)
    is_guest = serializers.BooleanField(
        read_only=True, help_text="Whether they have no password, and log in by email only."
    )


class EventBookingRepresentation(BookingRepresentation):
    """A booking as those who manage its event see it."""

    event = serializers.UUIDField(source="event_id", read_only=True)  # type: ignore[assignment]
    attendee = AttendeeRepresentation(source="user", read_only=True)

    class Meta(BookingRepresentation.Meta):
        fields = (*BookingRepresentation.Meta.fields, "attendee")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class EventTicketRepresentation(serializers.ModelSerializer[Ticket]):
    """One seat; its secret is shown to the attendee only."""

    holder_name = serializers.CharField(
        source="name",
        read_only=True,
        help_text="The name on the ticket; empty where that of the attendee counts.",
    )

    checked_in_at = MomentField(read_only=True, allow_null=True)
    cancelled_at = MomentField(read_only=True, allow_null=True)

    class Meta:
        model = Ticket
        fields = ("id", "holder_name", "checked_in_at", "cancelled_at")
        read_only_fields = fields


class EventBookingDetail(EventBookingRepresentation):
    """A booking with its tickets, as those who manage its event see it."""

    tickets = EventTicketRepresentation(many=True, read_only=True, source="tickets_in_order")

    class Meta(EventBookingRepresentation.Meta):
        fields = (*EventBookingRepresentation.Meta.fields, "tickets")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class BookingCancellation(StrictBody):
    """Why the organizer cancels a booking; the attendee is notified with this reason."""

    shown_in = EventBookingRepresentation

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
