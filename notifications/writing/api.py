"""Messages to attendees in the API, for those who manage an event."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.etags import etag_headers, version_from, version_if_sent
from evently.api.idempotency import not_stored, once, request_idempotency
from evently.api.permissions import ORGANIZE
from evently.api.views import ApiViewSet, user_of
from events.api import managed_event
from notifications.message_models import MessageState, OrganizerMessage
from notifications.writing import beginning, drafting, stopping
from notifications.writing.audiences import reach_of
from notifications.writing.drafting import Draft, message_of
from notifications.writing.errors import MessageErased, MessageInvalid
from notifications.writing.preview import preview_of
from notifications.writing.serializers import (
    MessageChange,
    MessageDetail,
    MessagePreviewRepresentation,
    MessageRepresentation,
    MessageRequest,
    MessageTestRepresentation,
    ReachRepresentation,
    SendMessageRequest,
)
from notifications.writing.stopping import Stopped
from notifications.writing.trial import send_test

NOT_YOURS = {403: ("not_your_event",)}
OF_MESSAGE = {**NOT_YOURS, 404: ("message_not_found",)}
OF_DRAFT = {**OF_MESSAGE, 409: ("message_begun",)}


def created_answer(message: OrganizerMessage) -> tuple[int, Any]:
    """Return status and body for a new message, as they are stored for a repeated request."""
    return 201, MessageRepresentation(message).data


def created_headers(answer: dict[str, Any]) -> dict[str, str]:
    location = f"/api/v1/events/{answer['event']}/messages/{answer['id']}/"
    return {"Location": location, **etag_headers(answer)}


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


class MessageFilter(django_filters.FilterSet):
    """The query parameters of the list of messages."""

    state = django_filters.ChoiceFilter(choices=MessageState.choices)

    class Meta:
        model = OrganizerMessage
        fields: list[str] = []


class OrganizerMessageViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = dict.fromkeys(
        (
            "list",
            "retrieve",
            "create",
            "partial_update",
            "destroy",
            "preview",
            "send_test",
            "send",
            "unschedule",
            "stop",
        ),
        ORGANIZE,
    )
    bodies = {
        "create": MessageRequest,
        "partial_update": MessageChange,
        "send": SendMessageRequest,
    }
    idempotent = frozenset({"create", "send_test", "send", "unschedule", "stop"})
    versioned = frozenset({"partial_update", "destroy"})
    versioned_if_sent = frozenset({"send", "unschedule"})
    refusals = {
        "list": NOT_YOURS,
        "retrieve": OF_MESSAGE,
        "create": {**NOT_YOURS, 422: ("message_invalid",)},
        "partial_update": {**OF_DRAFT, 422: ("message_invalid",)},
        "destroy": OF_DRAFT,
        "preview": {**OF_MESSAGE, 410: ("message_erased",)},
        "send_test": {**OF_DRAFT, 429: ("too_many_attempts",)},
        "send": {
            **OF_MESSAGE,
            409: ("message_begun", "no_recipients", "too_many_messages"),
            422: ("message_invalid",),
        },
        "unschedule": OF_DRAFT,
        "stop": {**OF_MESSAGE, 409: ("message_not_sending",)},
    }
    filter_backends = [DjangoFilterBackend]
    filterset_class = MessageFilter
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
            message = drafting.create_draft(
                draft,
                event_id=event.pk,
                by_id=user_of(request).pk,
                idempotency=request_idempotency(request, created_answer, headers=created_headers),
            )
        status, answer = created_answer(message)
        return Response(answer, status=status, headers=created_headers(answer))

    @extend_schema(operation_id="events_messages_update", responses={200: MessageDetail})
    def partial_update(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Change a message that is not being sent yet.

        `If-Match` prevents overwriting others' changes. A message that is scheduled becomes a draft
        again, unless nothing changes: send it again with its time.
        """
        event = managed_event(event_id, request.user)
        stored = message_of(event.pk, message_id)
        version = version_from(request, current=stored.version)
        changes = dict(self.body_of(request, stored, partial=True).validated_data)
        if "bookings" in changes:
            changes["references"] = tuple(changes.pop("bookings"))
        with api_names():
            message = drafting.change_draft(
                changes, event_id=event.pk, message_id=message_id, version=version
            )
        return Response(MessageDetail(message).data)

    @extend_schema(operation_id="events_messages_delete", responses={204: None})
    def destroy(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Delete a draft, or a message that is scheduled. Those that were sent stay."""
        event = managed_event(event_id, request.user)
        stored = message_of(event.pk, message_id)
        version = version_from(request, current=stored.version)
        drafting.delete_draft(event_id=event.pk, message_id=message_id, version=version)
        return Response(status=204)

    @extend_schema(
        operation_id="events_messages_preview", responses={200: MessagePreviewRepresentation}
    )
    def preview(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Return the email of a message, as you would get it now, and whom it would reach."""
        event = managed_event(event_id, request.user)
        message = message_of(event.pk, message_id)
        shown = preview_of(message, user_of(request))
        if shown is None:
            raise MessageErased
        reach = ReachRepresentation(reach_of(message)).data
        found: Any = {**vars(shown), "reach": reach}
        return Response(MessagePreviewRepresentation(found).data)

    @extend_schema(operation_id="events_messages_test", responses={202: MessageTestRepresentation})
    def send_test(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Email a message to yourself, and to no one else, at most ten times an hour."""
        event, user = managed_event(event_id, request.user), user_of(request)
        message = message_of(event.pk, message_id)
        headers = once(
            lambda: send_test(
                message=message,
                event=event,
                user_id=user.pk,
                idempotency=request_idempotency(request, not_stored),
            )
        )
        answer = MessageTestRepresentation({"recipient": user.email}).data
        return Response(answer, status=202, headers=headers)

    @extend_schema(operation_id="events_messages_send", responses={200: MessageRepresentation})
    def send(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Send a message now, or at a time; each person gets it once.

        Its text cannot be changed from the moment at which sending begins. A message that is
        scheduled becomes a draft again (`held`) if the event is cancelled before, or its time or
        place changes. `If-Match` sends only what you have read.
        """
        event = managed_event(event_id, request.user)
        send_at = self.body_of(request).validated_data["send_at"]
        given: dict[str, Any] = {
            "event_id": event.pk,
            "message_id": message_id,
            "version": version_if_sent(request),
            "idempotency": request_idempotency(request, changed_answer, headers=etag_headers),
        }
        if send_at is None:
            message = beginning.send_now(**given)
        else:
            message = beginning.schedule(send_at=send_at, **given)
        return Response(changed_answer(message)[1])

    @extend_schema(
        operation_id="events_messages_unschedule", responses={200: MessageRepresentation}
    )
    def unschedule(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Make a message that is scheduled a draft again, so that it is not sent.

        A draft stays one.
        """
        event = managed_event(event_id, request.user)
        message = beginning.unschedule(
            event_id=event.pk,
            message_id=message_id,
            version=version_if_sent(request),
            idempotency=request_idempotency(request, changed_answer, headers=etag_headers),
        )
        return Response(changed_answer(message)[1])

    @extend_schema(operation_id="events_messages_stop", responses={200: MessageRepresentation})
    def stop(self, request: Request, event_id: UUID, message_id: UUID) -> Response:
        """Stop a message that is being sent: emails that wait are taken back.

        `withdrawn` says how many. What was handed over to a mail server stays sent. It cannot be
        continued: write a new one, to those whom it has not reached.
        """
        event = managed_event(event_id, request.user)
        stopped = stopping.stop(
            event_id=event.pk,
            message_id=message_id,
            idempotency=request_idempotency(request, stopped_answer, headers=etag_headers),
        )
        return Response(stopped_answer(stopped)[1])
