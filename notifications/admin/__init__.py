"""Emails, notifications, email templates and suppressed addresses in the admin."""

from notifications.admin.emails import EmailDeliveryAdmin
from notifications.admin.event_emails import texts_page
from notifications.admin.notifications import NotificationAdmin
from notifications.admin.suppressions import SuppressionAdmin
from notifications.admin.templates import EmailTemplateAdmin
from notifications.admin.write_page import write_page
from notifications.admin.writing import OrganizerMessageAdmin

__all__ = [
    "EmailDeliveryAdmin",
    "EmailTemplateAdmin",
    "NotificationAdmin",
    "OrganizerMessageAdmin",
    "SuppressionAdmin",
    "texts_page",
    "write_page",
]
