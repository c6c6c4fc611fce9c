"""The bookings of an event, for those who manage it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import operations, queries
from bookings.attendee_files import csv_lines
from bookings.filters import EventBookingFilter
from bookings.models import Booking
from bookings.operations import BookingNotFound, Canceller
from bookings.serializers import BookingCancellation, EventBookingDetail, EventBookingRepresentation
from evently.api.idempotency import not_stored, once, request_idempotency
from evently.api.permissions import ORGANIZE
from evently.api.renderers import CsvRenderer
from evently.api.views import ApiView, ApiViewSet
from events.api import managed_event

NOT_YOURS = {403: ("not_your_event",)}


class EventBookingViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = {"list": ORGANIZE, "retrieve": ORGANIZE, "cancel": ORGANIZE}
    bodies = {"cancel": BookingCancellation}
    idempotent = frozenset({"cancel"})
    refusals = {
        "list": NOT_YOURS,
        "retrieve": NOT_YOURS,
        "cancel": {**NOT_YOURS, 409: ("already_cancelled",)},
    }
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventBookingFilter
    serializer_class = EventBookingRepresentation
    queryset = Booking.objects.none()

    def get_queryset(self) -> QuerySet[Booking]:
        event = managed_event(self.kwargs["event_id"], self.request.user)
        return queries.bookings_of_event(event_id=event.pk)

    def booking(self, booking_id: UUID) -> Booking:
        """Return a booking of the event. Raises BookingNotFound, also for another event's."""
        booking = self.get_queryset().filter(pk=booking_id).first()
        if booking is None:
            raise BookingNotFound
        return booking

    @extend_schema(operation_id="events_bookings_list")
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the bookings of an event that you manage, with their attendees, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(operation_id="events_bookings_retrieve", responses={200: EventBookingDetail})
    def retrieve(self, request: Request, event_id: UUID, booking_id: UUID) -> Response:
        """Return a booking of an event that you manage, with its tickets, without their secrets."""
        booking: Any = self.booking(booking_id)
        booking.tickets_in_order = queries.tickets_of(booking)
        return Response(EventBookingDetail(booking).data)

    @extend_schema(
        operation_id="events_bookings_cancel", responses={200: EventBookingRepresentation}
    )
    def cancel(self, request: Request, event_id: UUID, booking_id: UUID) -> Response:
        """Cancel a booking of an event that you manage, also after the deadline for attendees.

        The attendee is notified, with your reason. The seats go to the waitlist, or back on sale.
        """
        body = self.body_of(request)
        booking = self.booking(booking_id)
        headers = once(
            lambda: operations.cancel_booking(
                event_id=booking.event_id,
                booking_id=booking.pk,
                by=Canceller.ORGANIZER,
                idempotency=request_idempotency(request, not_stored),
                **body.validated_data,
            )
        )
        answer = EventBookingRepresentation(self.booking(booking_id)).data
        return Response(answer, headers=headers)


class EventAttendeesView(ApiView):
    """The attendees of an event as a file."""

    required_scopes = {"get": ORGANIZE}
    refusals = {"get": NOT_YOURS}
    renderer_classes = [CsvRenderer]

    @extend_schema(operation_id="events_attendees", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, event_id: UUID) -> StreamingHttpResponse:
        """Return the attendees of an event that you manage as CSV, by name; times are local.

        Cancelled bookings are included, with their status.
        """
        event = managed_event(event_id, request.user)
        name = f"attendees-{event.pk}.csv"
        return StreamingHttpResponse(
            csv_lines(event),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
