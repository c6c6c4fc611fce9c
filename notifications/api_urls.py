"""URLs of notifications in the API."""

from django.urls import path

from notifications.api import EventMessagesViewSet, NotificationViewSet
from notifications.email_api.runs import ResendRunViewSet
from notifications.email_api.site import EmailProvidersView, SuppressionViewSet
from notifications.email_api.views import EventEmailViewSet
from notifications.writing.api import OrganizerMessageViewSet

MESSAGES = "events/<uuid:event_id>/messages/"
EMAILS = "events/<uuid:event_id>/emails/"

urlpatterns = [
    path("notifications/", NotificationViewSet.as_view({"get": "list"}), name="api_notifications"),
    path(
        "notifications/read-all/",
        NotificationViewSet.as_view({"post": "read_all"}),
        name="api_notifications_read_all",
    ),
    path(
        "notifications/<uuid:notification_id>/message/",
        NotificationViewSet.as_view({"get": "message"}),
        name="api_received_message",
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
    path(EMAILS, EventEmailViewSet.as_view({"get": "list"}), name="api_event_emails"),
    path(
        f"{EMAILS}resends/",
        ResendRunViewSet.as_view({"get": "list", "post": "create"}),
        name="api_event_resends",
    ),
    path(
        f"{EMAILS}resends/<uuid:run_id>/",
        ResendRunViewSet.as_view({"get": "retrieve"}),
        name="api_event_resend_run",
    ),
    path(
        f"{EMAILS}<uuid:email_id>/",
        EventEmailViewSet.as_view({"get": "retrieve"}),
        name="api_event_email",
    ),
    path(
        f"{EMAILS}<uuid:email_id>/content/",
        EventEmailViewSet.as_view({"get": "content"}),
        name="api_event_email_content",
    ),
    path(
        f"{EMAILS}<uuid:email_id>/resend/",
        EventEmailViewSet.as_view({"post": "resend"}),
        name="api_event_email_resend",
    ),
    path("email/providers/", EmailProvidersView.as_view(), name="api_email_providers"),
    path(
        "email/suppressions/",
        SuppressionViewSet.as_view({"get": "list"}),
        name="api_suppressions",
    ),
    path(
        "email/suppressions/<uuid:suppression_id>/release/",
        SuppressionViewSet.as_view({"post": "release"}),
        name="api_suppression_release",
    ),
    path(
        MESSAGES,
        OrganizerMessageViewSet.as_view({"get": "list", "post": "create"}),
        name="api_organizer_messages",
    ),
    path(
        f"{MESSAGES}<uuid:message_id>/",
        OrganizerMessageViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
        name="api_organizer_message",
    ),
    path(
        f"{MESSAGES}<uuid:message_id>/preview/",
        OrganizerMessageViewSet.as_view({"get": "preview"}),
        name="api_organizer_message_preview",
    ),
    path(
        f"{MESSAGES}<uuid:message_id>/test/",
        OrganizerMessageViewSet.as_view({"post": "send_test"}),
        name="api_organizer_message_test",
    ),
    path(
        f"{MESSAGES}<uuid:message_id>/unschedule/",
        OrganizerMessageViewSet.as_view({"post": "unschedule"}),
        name="api_organizer_message_unschedule",
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
