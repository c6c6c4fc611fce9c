"""Messages to attendees in the API, for those who manage an event."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.idempotency import request_idempotency
from evently.api.permissions import ORGANIZE
from evently.api.views import ApiViewSet, user_of
from events.api import managed_event
from notifications.message_models import OrganizerMessage
from notifications.writing import beginning, stopping
from notifications.writing.drafting import Draft, create_draft, message_of
from notifications.writing.errors import MessageInvalid
from notifications.writing.serializers import (
    MessageDetail,
    MessageRepresentation,
    MessageRequest,
    SendMessageRequest,
)
from notifications.writing.stopping import Stopped

NOT_YOURS = {403: ("not_your_event",)}
OF_MESSAGE = {**NOT_YOURS, 404: ("message_not_found",)}


def created_answer(message: OrganizerMessage) -> tuple[int, Any]:
    """Return status and body for a new message, as they are stored for a repeated request."""
    return 201, MessageRepresentation(message).data


def created_headers(answer: dict[str, Any]) -> dict[str, str]:
    return {"Location": f"/api/v1/events/{answer['event']}/messages/{answer['id']}/"}


def changed_answer(message: OrganizerMessage) -> tuple[int, Any]:
    return 200, MessageRepresentation(message).data


def stopped_answer(stopped: Stopped) -> tuple[int, Any]:
    return changed_answer(stopped.message)


@contextmanager
def api_names() -> Iterator[None]:
    """Name the fields of a refusal as the API does."""
    try:
        yield
    except MessageInvalid as refusal:
        if text := refusal.fields.pop("references", ""):
            refusal.fields["bookings"] = text
        raise


class OrganizerMessageViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = {
        "list": ORGANIZE,
        "retrieve": ORGANIZE,
        "create": ORGANIZE,
        "send": ORGANIZE,
        "stop": ORGANIZE,
    }
    bodies = {"create": MessageRequest, "send": SendMessageRequest}
    idempotent = frozenset({"create", "send", "stop"})
    refusals = {
        "list": NOT_YOURS,
        "retrieve": OF_MESSAGE,
        "create": {**NOT_YOURS, 422: ("message_invalid",)},
        "send": {
            **OF_MESSAGE,
            409: ("message_begun", "no_recipients", "too_many_messages"),
            422: ("message_invalid",),
        },
        "stop": {**OF_MESSAGE, 409: ("message_not_sending",)},
    }
    serializer_class = MessageRepresentation
    queryset = OrganizerMessage.objects.none()

    def get_queryset(self) -> QuerySet[OrganizerMessage]:
        event = managed_event(self.kwargs["event_id"], self.request.user)
        return OrganizerMessage.objects.filter(event_id=event.pk).order_by("-created_at", "-id")

    @extend_schema(operation_id="events_messages_list")
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the messages to the attendees of an event that you manage, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(operation_id="events_messages_retrieve", responses={200: MessageDetail})
    def retrieve(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Return a message, with whom it would reach now, or how far it is."""
        event = managed_event(event_id, request.user)
        return Response(MessageDetail(message_of(event.pk, message_id)).data)

    @extend_schema(operation_id="events_messages_create", responses={201: MessageRepresentation})
    def create(self, request: Request, event_id: UUID) -> Response:
        """Write a message to attendees, as a draft. Nothing is sent yet."""
        event = managed_event(event_id, request.user)
        given = self.body_of(request).validated_data
        draft = Draft(given["subject"], given["body"], given["audience"], tuple(given["bookings"]))
        with api_names():
            message = create_draft(
                draft,
                event_id=event.pk,
                by_id=user_of(request).pk,
                idempotency=request_idempotency(request, created_answer, headers=created_headers),
            )
        status, answer = created_answer(message)
        return Response(answer, status=status, headers=created_headers(answer))

    @extend_schema(operation_id="events_messages_send", responses={200: MessageRepresentation})
    def send(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Send a message now, or at a time; each person gets it once.

        Its text cannot be changed from the moment at which sending begins. A message that is
        scheduled becomes a draft again (`held`) if the event is cancelled before, or its time or
        place changes.
        """
        event = managed_event(event_id, request.user)
        send_at = self.body_of(request).validated_data["send_at"]
        given: dict[str, Any] = {
            "event_id": event.pk,
            "message_id": message_id,
            "idempotency": request_idempotency(request, changed_answer),
        }
        if send_at is None:
            message = beginning.send_now(**given)
        else:
            message = beginning.schedule(send_at=send_at, **given)
        return Response(changed_answer(message)[1])

    @extend_schema(operation_id="events_messages_stop", responses={200: MessageRepresentation})
    def stop(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Stop a message that is being sent: emails that wait are taken back.

        `withdrawn` says how many. What was handed over to a mail server stays sent.
        """
        event = managed_event(event_id, request.user)
        stopped = stopping.stop(
            event_id=event.pk,
            message_id=message_id,
            idempotency=request_idempotency(request, stopped_answer),
        )
        return Response(stopped_answer(stopped)[1])
