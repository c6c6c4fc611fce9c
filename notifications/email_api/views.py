"""The emails about an event, for those who manage it."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.models import Booking
from evently.api.idempotency import not_stored, once, request_idempotency
from evently.api.permissions import ORGANIZE
from evently.api.views import ApiViewSet, user_of
from evently.errors import Conflict, Gone, NotFound
from events.api import managed_event
from notifications.copies.reading import copies_of, opened, why_not_kept
from notifications.email_api.filters import EventEmailFilter
from notifications.email_api.serializers import (
    EmailContentRepresentation,
    EmailDetail,
    EmailRepresentation,
)
from notifications.kinds import kinds_for_organizers
from notifications.models import DeliveryStatus, EmailDelivery, EmailResend
from notifications.operations import resending
from notifications.return_models import EmailReturn
from notifications.sent_models import EmailAttempt
from waitlists.models import WaitlistEntry

NOT_YOURS = {403: ("not_your_event",)}
OF_EMAIL = {**NOT_YOURS, 404: ("email_not_found",)}
WAS_SENT = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.BOUNCED)
COPY = OpenApiParameter(
    "copy",
    OpenApiTypes.UUID,
    description="The `id` of one of the email's `copies`. Default: the last one.",
)


class EmailNotFound(NotFound):
    code = "email_not_found"
    message = "There is no such email about this event."


class CopyNotFound(NotFound):
    code = "copy_not_found"
    message = "There is no such copy of this email. It lists its `copies`."


class EmailNotSent(Conflict):
    code = "email_not_sent"
    message = "This email was not sent yet, so there is nothing that it said."


class EmailNotKept(Gone):
    """There is no copy any more of what the email said, or there never was."""

    code = "email_not_kept"


def emails_of(event_id: UUID) -> QuerySet[EmailDelivery]:
    """Return the emails about an event; what belongs to an account is left out, as in the admin."""
    emails = EmailDelivery.objects.filter(event_id=event_id, kind__in=kinds_for_organizers())
    return emails.order_by("-created_at", "-id")


class EventEmailViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = dict.fromkeys(("list", "retrieve", "content", "resend"), ORGANIZE)
    idempotent = frozenset({"resend"})
    refusals = {
        "list": NOT_YOURS,
        "retrieve": OF_EMAIL,
        "content": {
            **NOT_YOURS,
            404: ("email_not_found", "copy_not_found"),
            409: ("email_not_sent",),
            410: ("email_not_kept",),
        },
        "resend": {
            **OF_EMAIL,
            409: ("nothing_to_send", "address_suppressed", "turned_off"),
            429: ("resent_too_often",),
        },
    }
    parameters = {"content": [COPY]}
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventEmailFilter
    serializer_class = EmailRepresentation
    queryset = EmailDelivery.objects.none()

    def get_queryset(self) -> QuerySet[EmailDelivery]:
        event = managed_event(self.kwargs["event_id"], self.request.user)
        return (
            emails_of(event.pk)
            .annotate(
                takes_part=Exists(_of_same_person(Booking)) | Exists(_of_same_person(WaitlistEntry))
            )
            .select_related("user__person_key")
        )

    def email(self, email_id: UUID) -> Any:
        """Return an email about the event. Raises EmailNotFound, also for another event's."""
        email = self.get_queryset().filter(pk=email_id).first()
        if email is None:
            raise EmailNotFound
        return email

    @extend_schema(operation_id="events_emails_list")
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the emails about an event that you manage, newest first.

        Each says what became of it.
        """
        return super().list(request, **kwargs)

    @extend_schema(operation_id="events_emails_retrieve", responses={200: EmailDetail})
    def retrieve(self, request: Request, event_id: UUID, email_id: UUID) -> Response:
        """Return an email about an event that you manage, with all attempts and what came back."""
        return Response(_detail(self.email(email_id)))

    @extend_schema(
        operation_id="events_emails_content", responses={200: EmailContentRepresentation}
    )
    def content(self, request: Request, event_id: UUID, email_id: UUID) -> Response:
        """Return what an email said, as it was sent, without its links and codes.

        Copies are kept for a time, which `detail` of `email_not_kept` names.
        """
        email = self.email(email_id)
        copies = list(copies_of(email))
        wanted = request.query_params.get(COPY.name, "")
        if wanted:
            copies = [row for row in copies if str(row.pk) == wanted.lower()]
            if not copies:
                raise CopyNotFound
        copy = opened(email, copies[-1]) if copies else None
        if copy is not None:
            email.copy, email.copy_row = copy, copies[-1]
            return Response(EmailContentRepresentation(email).data)
        if not copies and email.status not in WAS_SENT:
            raise EmailNotSent
        raise EmailNotKept(why_not_kept(email))

    @extend_schema(operation_id="events_emails_resend", responses={202: EmailDetail})
    def resend(self, request: Request, event_id: UUID, email_id: UUID) -> Response:
        """Send an email again, to the person's current address, with what is true now.

        One that failed waits to be sent again; of one that was sent, a new email is made, which the
        list has once it is tried. At most three times an hour.
        """
        email = self.email(email_id)
        headers = once(
            lambda: resending.send_one_again(
                delivery_id=email.pk,
                by_id=user_of(request).pk,
                idempotency=request_idempotency(request, not_stored),
            )
        )
        return Response(_detail(self.email(email_id)), status=202, headers=headers)


def _detail(email: Any) -> dict[str, Any]:
    of_email = {"user_id": email.user_id, "delivery_id": email.pk}
    email.tries = EmailAttempt.objects.filter(**of_email).order_by("created_at", "id")
    email.returns = EmailReturn.objects.filter(**of_email).order_by("created_at", "id")
    email.resends = EmailResend.objects.filter(**of_email).order_by("created_at", "id")
    email.copies = copies_of(email).defer("sealed")
    return dict(EmailDetail(email).data)


def _of_same_person(model: Any) -> QuerySet[Any]:
    return model.objects.filter(event_id=OuterRef("event_id"), user_id=OuterRef("user_id"))
