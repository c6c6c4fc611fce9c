"""URLs of notifications in the API."""

from django.urls import path

from notifications.api import EventMessagesViewSet, NotificationViewSet
from notifications.email_api.views import EventEmailViewSet
from notifications.writing.api import OrganizerMessageViewSet

MESSAGES = "events/<uuid:event_id>/messages/"

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
    path(
        "events/<uuid:event_id>/emails/",
        EventEmailViewSet.as_view({"get": "list"}),
        name="api_event_emails",
    ),
    path(
        "events/<uuid:event_id>/emails/<uuid:email_id>/",
        EventEmailViewSet.as_view({"get": "retrieve"}),
        name="api_event_email",
    ),
    path(
        MESSAGES,
        OrganizerMessageViewSet.as_view({"get": "list", "post": "create"}),
        name="api_organizer_messages",
    ),
    path(
        f"{MESSAGES}<uuid:message_id>/",
        OrganizerMessageViewSet.as_view({"get": "retrieve"}),
        name="api_organizer_message",
    ),
    path(
        f"{MESSAGES}<uuid:message_id>/send/",
        OrganizerMessageViewSet.as_view({"post": "send"}),
        name="api_organizer_message_send",
    ),
    path(
        f"{MESSAGES}<uuid:message_id>/stop/",
        OrganizerMessageViewSet.as_view({"post": "stop"}),
        name="api_organizer_message_stop",
    ),
]
