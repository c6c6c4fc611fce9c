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
from evently.transactions import run_in_transaction
from notifications import queries
from notifications.filters import NotificationFilter
from notifications.models import Notification
from notifications.operations import reading
from notifications.serializers import NotificationRepresentation, ReadAllRepresentation


def read_answer(notification: Notification) -> tuple[int, Any]:
    """Return status and body for a notification, as they are stored for a repeated request."""
    return 200, NotificationRepresentation(notification).data


def read_all_answer(marked: int) -> tuple[int, Any]:
    """Return status and body for the number of notifications that were marked."""
    return 200, ReadAllRepresentation({"marked": marked}).data


class NotificationViewSet(mixins.ListModelMixin, ApiViewSet):
    """Notifications of the current user."""

    required_scopes = {"list": READ, "read": BOOK, "read_all": BOOK}
    idempotent = frozenset({"read", "read_all"})
    filter_backends = [DjangoFilterBackend]
    filterset_class = NotificationFilter
    serializer_class = NotificationRepresentation
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        return queries.inbox(user_id=user_of(self.request).pk)

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
