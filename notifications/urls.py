"""URLs of the inbox and, in development only, of the mailbox."""

from django.conf import settings
from django.urls import path

from notifications import devmail, settings_views, views
from notifications.returns.webhook import email_events, sendgrid_events
from notifications.unsubscribing.views import unsubscribe
from notifications.writing import pages

urlpatterns = [
    path("notifications/", views.inbox, name="inbox"),
    path("notifications/badge/", views.inbox_badge, name="inbox_badge"),
    path("notifications/read-all/", views.read_all_notifications, name="read_all_notifications"),
    path(
        "notifications/<uuid:notification_id>/read/",
        views.read_notification,
        name="read_notification",
    ),
    path("notifications/settings/", settings_views.message_settings, name="message_settings"),
    path("events/<uuid:event_id>/messages/", settings_views.event_messages, name="event_messages"),
    path(
        "notifications/<uuid:notification_id>/message/",
        views.organizer_message,
        name="organizer_message",
    ),
    path("bookings/<uuid:row_id>/messages/", pages.booking_messages, name="booking_messages"),
    path(
        "bookings/<uuid:row_id>/messages/<uuid:notification_id>/",
        pages.booking_message,
        name="booking_message",
    ),
    path("b/<str:token>/messages/", pages.booking_messages, name="booking_link_messages"),
    path(
        "b/<str:token>/messages/<uuid:notification_id>/",
        pages.booking_message,
        name="booking_link_message",
    ),
    path("waitlists/<uuid:row_id>/messages/", pages.entry_messages, name="entry_messages"),
    path(
        "waitlists/<uuid:row_id>/messages/<uuid:notification_id>/",
        pages.entry_message,
        name="entry_message",
    ),
    path("w/<str:token>/messages/", pages.entry_messages, name="entry_link_messages"),
    path(
        "w/<str:token>/messages/<uuid:notification_id>/",
        pages.entry_message,
        name="entry_link_message",
    ),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("notifications/address/", views.release_address, name="release_address"),
    path("webhooks/email/sendgrid/", sendgrid_events, name="sendgrid_events"),
    path("webhooks/email/<slug:service>/", email_events, name="email_events"),
]

mailbox_patterns = [
    path("dev/mail/", devmail.mail_list, name="dev_mail"),
    path("dev/mail/<slug:name>/", devmail.mail_detail, name="dev_mail_detail"),
    path("dev/mail/<slug:name>/html/", devmail.mail_html, name="dev_mail_html"),
    path("dev/mail/<slug:name>/<int:number>/", devmail.mail_part, name="dev_mail_part"),
]
if settings.DEBUG:
    urlpatterns += mailbox_patterns
