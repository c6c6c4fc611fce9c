"""Notifications in the API: those of the current user only."""

from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.permissions import BOOK, READ
from evently.api.views import ApiViewSet, user_of
from notifications import queries
from notifications.filters import NotificationFilter
from notifications.models import Notification
from notifications.operations import reading
from notifications.serializers import NotificationRepresentation, ReadAllRepresentation


class NotificationViewSet(mixins.ListModelMixin, ApiViewSet):
    """Notifications of the current user."""

    required_scopes = {"list": READ, "read": BOOK, "read_all": BOOK}
    filter_backends = [DjangoFilterBackend]
    filterset_class = NotificationFilter
    serializer_class = NotificationRepresentation
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        return queries.inbox(user_id=user_of(self.request).pk)

    @extend_schema(responses={200: NotificationRepresentation})
    def read(self, request: Request, notification_id: UUID) -> Response:
        """Mark a notification as read. Repeating the request changes nothing."""
        notification = reading.mark_read(
            user_id=user_of(request).pk, notification_id=notification_id
        )
        return Response(NotificationRepresentation(notification).data)

    @extend_schema(responses={200: ReadAllRepresentation})
    def read_all(self, request: Request) -> Response:
        """Mark all notifications as read."""
        marked = reading.mark_all_read(user_id=user_of(request).pk)
        return Response(ReadAllRepresentation({"marked": marked}).data)
