"""The current user's bookings in the API."""

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
from bookings.models import Booking
from bookings.operations import BookingNotFound, Canceller
from bookings.qr import qr_svg
from bookings.serializers import (
    AttendanceRequest,
    BookingCancelRequest,
    BookingDetail,
    BookingRepresentation,
    BookingRequest,
)
from evently.api.etags import etag_headers
from evently.api.idempotency import request_idempotency
from evently.api.permissions import BOOK, READ
from evently.api.reused import represent, validate
from evently.api.views import ApiViewSet, user_of
from evently.errors import Conflict
from evently.origin import origin_of

BOOKING_REFUSALS = {
    404: ("not_found",),
    409: (
        "sold_out",
        "waitlist_first",
        "draw_pending",
        "price_changed",
        "sales_closed",
        "person_limit",
        "payment_unsupported",
        "quote_used",
    ),
    422: ("price_required", "quote_invalid", "booking_limit"),
    429: ("rebooking_limit",),
}

TICKET = OpenApiParameter(
    "ticket", OpenApiTypes.UUID, description="A ticket’s id; by default the first."
)


class PartialUnsupported(Conflict):
    """Cancelling some of a booking's seats is not supported yet."""

    code = "partial_cancellation_unsupported"
    message = "A booking can only be cancelled as a whole. Omit the quantity."


class TicketNotValid(Conflict):
    code = "ticket_not_valid"
    message = "This booking is not confirmed, so it has no valid ticket."


def own_booking(request: Request, booking_id: UUID) -> Booking:
    """Return one of the current user's bookings, with its event.

    Raises BookingNotFound, also for the booking of another user.
    """
    booking = queries.booking_of(user_id=user_of(request).pk, booking_id=booking_id)
    if booking is None:
        raise BookingNotFound
    return booking


def render_created_booking(booking: Booking) -> tuple[int, Any]:
    """Return status and body for a new booking, as they are stored for a repeated request."""
    return 201, represent(BookingRepresentation, booking)


def location_of(body: Any) -> dict[str, str]:
    """Return the Location and ETag headers for the body of a new booking."""
    return {"Location": f"/api/v1/bookings/{body['id']}/", **etag_headers(body)}


def render_changed_booking(booking: Booking) -> tuple[int, Any]:
    """Return status and body for a changed booking, as they are stored for a repeated request."""
    return 200, represent(BookingRepresentation, booking)


class BookingViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = {
        "create": BOOK,
        "cancel": BOOK,
        "attendance": BOOK,
        "calendar": READ,
        "ticket": READ,
    }
    bodies = {
        "create": BookingRequest,
        "cancel": BookingCancelRequest,
        "attendance": AttendanceRequest,
    }
    parameters = {"ticket": [TICKET]}
    idempotent = frozenset({"create", "cancel", "attendance"})
    refusals = {
        "create": BOOKING_REFUSALS,
        "cancel": {
            409: ("already_cancelled", "cancellation_closed", "partial_cancellation_unsupported")
        },
        "attendance": {
            409: (
                "not_asked",
                "answers_closed",
                "seats_returned",
                "already_cancelled",
                "cancellation_closed",
                "tickets_handed_over",
            ),
            422: ("invalid",),
        },
        "ticket": {409: ("ticket_not_valid",), 422: ("invalid",)},
    }
    filter_backends = [DjangoFilterBackend]
    filterset_class = BookingFilter
    serializer_class = BookingRepresentation
    queryset = Booking.objects.none()

    def get_queryset(self) -> QuerySet[Booking]:
        return queries.booking_history(user_id=user_of(self.request).pk)

    def list(self, request: Request, **kwargs: Any) -> Response:
        """List your bookings, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(responses={201: BookingRepresentation})
    def create(self, request: Request) -> Response:
        """Book seats at the quoted price, the price that was shown, or less."""
        try:
            body = validate(BookingRequest, request.data)
        except ValidationError:
            log_invalid(request)
            raise
        booking = operations.book_seats(
            user_id=user_of(request).pk,
            origin=origin_of(request._request),
            idempotency=request_idempotency(request, render_created_booking, headers=location_of),
            **body,
        )
        status, answer = render_created_booking(booking)
        return Response(answer, status=status, headers=location_of(answer))

    @extend_schema(responses={200: BookingDetail})
    def retrieve(self, request: Request, booking_id: UUID) -> Response:
        """Return one of your bookings, with its tickets."""
        booking = own_booking(request, booking_id)
        booking.tickets_in_order = queries.tickets_of(booking)  # type: ignore[attr-defined]
        return Response(BookingDetail(booking).data)

    @extend_schema(responses={200: BookingRepresentation})
    def cancel(self, request: Request, booking_id: UUID) -> Response:
        """Cancel one of your bookings; its seats go to the waitlist, or back on sale."""
        body = self.body_of(request)
        booking = own_booking(request, booking_id)
        if body.validated_data.get("quantity") not in (None, booking.quantity):
            raise PartialUnsupported
        cancelled = operations.cancel_booking(
            event_id=booking.event_id,
            booking_id=booking.pk,
            by=Canceller.ATTENDEE,
            idempotency=request_idempotency(request, render_changed_booking, headers=etag_headers),
        )
        status, answer = render_changed_booking(cancelled)
        return Response(answer, status=status)

    @extend_schema(responses={200: BookingRepresentation})
    def attendance(self, request: Request, booking_id: UUID) -> Response:
        """Say how many seats are still needed, once you were asked; the others are given back.

        `{"coming": 0}` cancels the booking. A first answer is taken until the event starts; seats
        that you confirmed before can be given back as long as the booking can be cancelled.
        """
        booking = own_booking(request, booking_id)
        body = self.body_of(request)
        answered = operations.answer_attendance(
            event_id=booking.event_id,
            booking_id=booking.pk,
            coming=body.validated_data["coming"],
            idempotency=request_idempotency(request, render_changed_booking, headers=etag_headers),
        )
        status, answer = render_changed_booking(answered)
        return Response(answer, status=status)

    @extend_schema(responses={(200, "text/calendar"): OpenApiTypes.STR})
    def calendar(self, request: Request, booking_id: UUID) -> Response:
        """Return the booking as a calendar file (iCalendar)."""
        booking = own_booking(request, booking_id)
        return inline_file(calendar_for(booking), f"{booking.booking_reference}.ics")

    @extend_schema(responses={(200, "image/svg+xml"): OpenApiTypes.STR})
    def ticket(self, request: Request, booking_id: UUID) -> Response:
        """Return the QR code of one ticket of the booking (SVG)."""
        booking = own_booking(request, booking_id)
        ticket_id = requested_ticket_id(request)
        if not booking.is_confirmed or booking.is_ended:
            raise TicketNotValid
        ticket = queries.active_ticket(booking, ticket_id=ticket_id)
        return inline_file(qr_svg(ticket), f"{booking.booking_reference}.svg")


def requested_ticket_id(request: Request) -> UUID | None:
    """Return the `ticket` parameter, or None. Raises ValidationError."""
    text = request.query_params.get("ticket")
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise ValidationError({"ticket": ["Must be a valid UUID."]}) from error


def inline_file(content: bytes, name: str) -> Response:
    """Return a file that browsers show, under the name that they save it with."""
    return Response(content, headers={"Content-Disposition": f'inline; filename="{name}"'})


def log_invalid(request: Request) -> None:
    """Log an invalid request to book, if it contains at least the id of an event."""
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
