"""Deliver notifications as the mailer does, and look at the result."""

from notifications.models import EmailDelivery, Notification
from notifications.operations import delivering, standing_in


def deliver(*notifications):
    delivering.deliver_all([(each.pk, each.user_id) for each in notifications])


def deliver_due():
    """Deliver all that is due, as a mailer would; what every test that needs emails calls."""
    standing_in.deliver_due()


def reread(notification):
    return Notification.objects.get(pk=notification.pk)


def delivery_of(notification):
    return EmailDelivery.objects.get(notification_id=notification.pk)
