"""Emails, notifications, email templates and suppressed addresses in the admin."""

from notifications.admin.emails import EmailDeliveryAdmin
from notifications.admin.notifications import NotificationAdmin
from notifications.admin.suppressions import SuppressionAdmin
from notifications.admin.templates import EmailTemplateAdmin

__all__ = ["EmailDeliveryAdmin", "EmailTemplateAdmin", "NotificationAdmin", "SuppressionAdmin"]
