"""Emails, notifications and email templates in the admin."""

from notifications.admin.emails import EmailDeliveryAdmin
from notifications.admin.notifications import NotificationAdmin
from notifications.admin.templates import EmailTemplateAdmin

__all__ = ["EmailDeliveryAdmin", "EmailTemplateAdmin", "NotificationAdmin"]
