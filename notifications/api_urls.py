"""URLs of notifications in the API."""

from django.urls import path

from notifications.api import EventMessagesViewSet, NotificationViewSet

urlpatterns = [
    path("notifications/", NotificationViewSet.as_view({"get": "list"}), name="api_notifications"),
    path(
        "notifications/read-all/",
        NotificationViewSet.as_view({"post": "read_all"}),
        name="api_notifications_read_all",
    ),
    path(
        "notifications/<uuid:notification_id>/read/",
        NotificationViewSet.as_view({"post": "read"}),
        name="api_notification_read",
    ),
    path(
        "me/events/<uuid:event_id>/messages/",
        EventMessagesViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="api_event_messages",
    ),
]
