"""Notifications in the API: those of the current user only."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.idempotency import request_idempotency
from evently.api.permissions import BOOK, READ
from evently.api.views import ApiViewSet, user_of
from evently.errors import NotFound
from evently.transactions import run_in_transaction
from events.api import visible_event
from notifications import queries
from notifications.filters import NotificationFilter
from notifications.models import Notification
from notifications.operations import muting, reading
from notifications.serializers import (
    ALWAYS_SENT,
    EventMessagesChange,
    EventMessagesRepresentation,
    NotificationRepresentation,
    ReadAllRepresentation,
    ReceivedMessageRepresentation,
)
from notifications.writing.received import received_message


def read_answer(notification: Notification) -> tuple[int, Any]:
    """Return status and body for a notification, as they are stored for a repeated request."""
    return 200, NotificationRepresentation(notification).data


def read_all_answer(marked: int) -> tuple[int, Any]:
    """Return status and body for the number of notifications that were marked."""
    return 200, ReadAllRepresentation({"marked": marked}).data


class NotificationViewSet(mixins.ListModelMixin, ApiViewSet):
    """Notifications of the current user."""

    required_scopes = {"list": READ, "message": READ, "read": BOOK, "read_all": BOOK}
    idempotent = frozenset({"read", "read_all"})
    filter_backends = [DjangoFilterBackend]
    filterset_class = NotificationFilter
    serializer_class = NotificationRepresentation
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        return queries.inbox(user_id=user_of(self.request).pk)

    @extend_schema(responses={200: ReceivedMessageRepresentation})
    def message(self, request: Request, notification_id: UUID) -> Response:
        """Return what the organizer of an event has written to you.

        Of a notification whose `type` is `organizer_message`. It does not mark it as read.
        """
        found = received_message(user=user_of(request), notification_id=notification_id)
        if found is None:
            raise NotFound
        return Response(ReceivedMessageRepresentation(found).data)

    @extend_schema(responses={200: NotificationRepresentation})
    def read(self, request: Request, notification_id: UUID) -> Response:
        """Mark a notification as read. Repeating the request changes nothing."""
        user_id = user_of(request).pk
        notification = run_in_transaction(
            lambda: reading.mark_read(user_id=user_id, notification_id=notification_id),
            idempotency=request_idempotency(request, read_answer),
        )
        return Response(read_answer(notification)[1])

    @extend_schema(responses={200: ReadAllRepresentation})
    def read_all(self, request: Request) -> Response:
        """Mark all notifications as read."""
        user_id = user_of(request).pk
        marked = run_in_transaction(
            lambda: reading.mark_all_read(user_id=user_id),
            idempotency=request_idempotency(request, read_all_answer),
        )
        return Response(read_all_answer(marked)[1])


class EventMessagesViewSet(ApiViewSet):
    """Which messages about one event the current user gets."""

    required_scopes = {"retrieve": READ, "partial_update": BOOK}
    bodies = {"partial_update": EventMessagesChange}
    refusals = {"retrieve": {404: ("not_found",)}, "partial_update": {404: ("not_found",)}}
    serializer_class = EventMessagesRepresentation

    @extend_schema(responses={200: EventMessagesRepresentation})
    def retrieve(self, request: Request, event_id: UUID) -> Response:
        """Return which messages about an event you get."""
        event = visible_event(event_id, request.user)
        switches = muting.switches_of(user_id=user_of(request).pk, event_id=event.pk)
        return _with_always_sent(switches)

    @extend_schema(responses={200: EventMessagesRepresentation})
    def partial_update(self, request: Request, event_id: UUID) -> Response:
        """Turn messages about an event on or off. Repeating the request changes nothing."""
        event = visible_event(event_id, request.user)
        body = self.body_of(request)
        switches = muting.switch(
            user_id=user_of(request).pk, event_id=event.pk, switches=body.validated_data
        )
        return _with_always_sent(switches)


def _with_always_sent(switches: dict[str, dict[str, bool]]) -> Response:
    answer = {**switches, "always_sent": list(ALWAYS_SENT)}
    return Response(EventMessagesRepresentation(answer).data)
