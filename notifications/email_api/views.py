"""The emails about an event, for those who manage it."""

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.models import Booking
from evently.api.filters import since_filter
from evently.api.permissions import ORGANIZE
from evently.api.views import ApiViewSet
from evently.errors import NotFound
from events.api import managed_event
from notifications.email_api.serializers import EmailDetail, EmailRepresentation
from notifications.kinds import KIND_CHOICES, kinds_for_organizers
from notifications.models import DeliveryStatus, EmailDelivery
from notifications.return_models import EmailReturn
from notifications.sent_models import EmailAttempt
from waitlists.models import WaitlistEntry

NOT_YOURS = {403: ("not_your_event",)}


class EmailNotFound(NotFound):
    code = "email_not_found"
    message = "There is no such email about this event."


class EventEmailFilter(django_filters.FilterSet):
    """The query parameters of the list of an event's emails."""

    status = django_filters.ChoiceFilter(choices=DeliveryStatus.choices)
    kind = django_filters.ChoiceFilter(choices=KIND_CHOICES)
    provider = django_filters.CharFilter(max_length=100)
    booking = django_filters.CharFilter(
        method="about_booking", max_length=40, label="The reference of a booking, to whose attendee"
    )
    created_since = since_filter("created_at", "Emails whose sending began at or after this time.")

    class Meta:
        model = EmailDelivery
        fields: list[str] = []

    def about_booking(
        self, emails: QuerySet[EmailDelivery], name: str, reference: str
    ) -> QuerySet[EmailDelivery]:
        """Return the emails about the event to the person who booked."""
        booked = Booking.objects.filter(
            event_id=OuterRef("event_id"),
            user_id=OuterRef("user_id"),
            booking_reference=reference.strip().upper(),
        )
        return emails.filter(Exists(booked))


class EventEmailViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = {"list": ORGANIZE, "retrieve": ORGANIZE}
    refusals = {"list": NOT_YOURS, "retrieve": {**NOT_YOURS, 404: ("email_not_found",)}}
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventEmailFilter
    serializer_class = EmailRepresentation
    queryset = EmailDelivery.objects.none()

    def get_queryset(self) -> QuerySet[EmailDelivery]:
        """Leave out what belongs to an account, as the admin does."""
        event = managed_event(self.kwargs["event_id"], self.request.user)
        emails = EmailDelivery.objects.filter(event_id=event.pk, kind__in=kinds_for_organizers())
        return (
            emails.annotate(
                takes_part=Exists(_of_same_person(Booking)) | Exists(_of_same_person(WaitlistEntry))
            )
            .select_related("user__person_key")
            .order_by("-created_at", "-id")
        )

    @extend_schema(operation_id="events_emails_list")
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the emails about an event that you manage, newest first, with what became of each.

        What an email said is in the admin only.
        """
        return super().list(request, **kwargs)

    @extend_schema(operation_id="events_emails_retrieve", responses={200: EmailDetail})
    def retrieve(self, request: Request, event_id: UUID, email_id: UUID) -> Response:
        """Return an email about an event that you manage, with all attempts and what came back."""
        email: Any = self.get_queryset().filter(pk=email_id).first()
        if email is None:
            raise EmailNotFound
        of_email = {"user_id": email.user_id, "delivery_id": email.pk}
        email.tries = EmailAttempt.objects.filter(**of_email).order_by("created_at", "id")
        email.returns = EmailReturn.objects.filter(**of_email).order_by("created_at", "id")
        return Response(EmailDetail(email).data)


def _of_same_person(model: Any) -> QuerySet[Any]:
    return model.objects.filter(event_id=OuterRef("event_id"), user_id=OuterRef("user_id"))
