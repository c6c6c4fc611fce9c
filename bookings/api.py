"""Bookings in the API: one's own, nobody else's."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import operations, queries
from bookings.calendar import calendar_for
from bookings.filters import BookingFilter
from bookings.models import Booking, Ticket
from bookings.operations import BookingNotFound, Canceller
from bookings.qr import qr_svg
from bookings.serializers import (
    BookingCancelRequest,
    BookingDetail,
    BookingRepresentation,
    BookingRequest,
)
from evently.api.idempotency import request_idempotency
from evently.api.permissions import BOOK, READ
from evently.api.views import ApiViewSet, user_of
from evently.errors import Conflict, NotFound
from evently.origin import origin_of

BOOKING_REFUSALS = {
    404: ("not_found",),
    409: (
        "sold_out",
        "waitlist_first",
        "price_changed",
        "sales_closed",
        "person_limit",
        "payment_unsupported",
    ),
    422: ("price_required", "quote_invalid", "booking_limit"),
}


class PartialUnsupported(Conflict):
    """Giving back single seats is not possible yet."""

    code = "partial_cancellation_unsupported"
    message = "A booking can only be cancelled whole. Leave the quantity out."


class TicketNotValid(Conflict):
    """The booking is not confirmed, or cancelled, so it admits nobody."""

    code = "ticket_not_valid"
    message = "This booking is not confirmed, so it has no valid ticket."


class TicketNotFound(NotFound):
    """The booking has no such ticket."""

    message = "This booking has no such ticket."


def own_booking(request: Request, booking_id: UUID) -> Booking:
    """Return a booking of whoever asks, with its event.

    Raises BookingNotFound; somebody else's is not found either.
    """
    booking = queries.booking_of(user_id=user_of(request).pk, booking_id=booking_id)
    if booking is None:
        raise BookingNotFound
    return booking


def tickets_of(booking: Booking) -> list[Ticket]:
    """Return the tickets of a booking, in the order in which they were made."""
    tickets = Ticket.objects.filter(event_id=booking.event_id, booking_id=booking.pk)
    return list(tickets.order_by("id"))


def booked(booking: Booking) -> tuple[int, Any]:
    """Return the answer to a booking that was made, as it is kept for a retry."""
    return 201, BookingRepresentation(booking).data


def location_of(answer: Any) -> dict[str, str]:
    """Return where a booking that was made is found from now on, as a header."""
    return {"Location": f"/api/v1/bookings/{answer['id']}/"}


def shown(booking: Booking) -> tuple[int, Any]:
    """Return the answer to a change of a booking, as it is kept for a retry."""
    return 200, BookingRepresentation(booking).data


class BookingViewSet(mixins.ListModelMixin, ApiViewSet):
    """Bookings."""

    required_scopes = {"create": BOOK, "cancel": BOOK, "calendar": READ, "ticket": READ}
    idempotent = frozenset({"create", "cancel"})
    refusals = {
        "create": BOOKING_REFUSALS,
        "cancel": {
            409: ("already_cancelled", "cancellation_closed", "partial_cancellation_unsupported")
        },
        "ticket": {409: ("ticket_not_valid",), 422: ("invalid",)},
    }
    filter_backends = [DjangoFilterBackend]
    filterset_class = BookingFilter
    serializer_class = BookingRepresentation
    queryset = Booking.objects.none()

    def get_queryset(self) -> QuerySet[Booking]:
        """Return the bookings of whoever asks, newest first."""
        return queries.booking_history(user_id=user_of(self.request).pk)

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return one's own bookings, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(request=BookingRequest, responses={201: BookingRepresentation})
    def create(self, request: Request) -> Response:
        """Book seats, at the price that was promised or seen, or less."""
        body = BookingRequest(data=request.data)
        if not body.is_valid():
            log_invalid(request, body.errors)
            raise ValidationError(body.errors)
        booking = operations.book_seats(
            user_id=user_of(request).pk,
            origin=origin_of(request._request),
            idempotency=request_idempotency(request, booked, headers=location_of),
            **body.validated_data,
        )
        status, answer = booked(booking)
        return Response(answer, status=status, headers=location_of(answer))

    @extend_schema(responses={200: BookingDetail})
    def retrieve(self, request: Request, booking_id: UUID) -> Response:
        """Return a booking of one's own, with its tickets."""
        booking = own_booking(request, booking_id)
        booking.tickets_in_order = tickets_of(booking)  # type: ignore[attr-defined]
        return Response(BookingDetail(booking).data)

    @extend_schema(request=BookingCancelRequest, responses={200: BookingRepresentation})
    def cancel(self, request: Request, booking_id: UUID) -> Response:
        """Cancel a booking of one's own; its seats go to the line, or back on sale."""
        body = BookingCancelRequest(data=request.data)
        body.is_valid(raise_exception=True)
        booking = own_booking(request, booking_id)
        if body.validated_data.get("quantity") not in (None, booking.quantity):
            raise PartialUnsupported
        cancelled = operations.cancel_booking(
            event_id=booking.event_id,
            booking_id=booking.pk,
            by=Canceller.ATTENDEE,
            idempotency=request_idempotency(request, shown),
        )
        return Response(shown(cancelled)[1])

    @extend_schema(responses={(200, "text/calendar"): OpenApiTypes.STR})
    def calendar(self, request: Request, booking_id: UUID) -> Response:
        """Return a calendar file of the booking (iCalendar)."""
        booking = own_booking(request, booking_id)
        return download(calendar_for(booking), f"{booking.booking_reference}.ics")

    @extend_schema(
        parameters=[
            OpenApiParameter("ticket", OpenApiTypes.UUID, description="By default the first.")
        ],
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def ticket(self, request: Request, booking_id: UUID) -> Response:
        """Return the QR code of one ticket of the booking (SVG)."""
        booking = own_booking(request, booking_id)
        wanted = wanted_ticket(request)
        if not booking.is_confirmed:
            raise TicketNotValid
        for ticket in tickets_of(booking):
            if ticket.cancelled_at is None and wanted in (None, ticket.pk):
                return download(qr_svg(ticket), f"{booking.booking_reference}.svg")
        raise TicketNotFound


def wanted_ticket(request: Request) -> UUID | None:
    """Return the id of the ticket that is asked for, or None.

    Raises ValidationError.
    """
    text = request.query_params.get("ticket")
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise ValidationError({"ticket": ["Must be a valid UUID."]}) from error


def download(content: bytes, name: str) -> Response:
    """Return a file to be shown or kept."""
    return Response(content, headers={"Content-Disposition": f'inline; filename="{name}"'})


def log_invalid(request: Request, errors: Any) -> None:
    """Log an attempt that made no sense, where it names an event at least."""
    body = request.data if isinstance(request.data, dict) else {}
    try:
        event_id = serializers.UUIDField().to_internal_value(body.get("event", ""))
    except ValidationError:
        return
    quantity = body.get("quantity")
    operations.log_refusal(
        event_id=event_id,
        user_id=user_of(request).pk,
        quantity=quantity if isinstance(quantity, int) and not isinstance(quantity, bool) else None,
        code="invalid",
        origin=origin_of(request._request),
    )
