"""Deliver notifications as the tasks do, and look at the result."""

from notifications.models import EmailDelivery, Notification
from notifications.operations import delivering


def deliver(*notifications):
    delivering.deliver_all([(each.pk, each.user_id) for each in notifications])


def reread(notification):
    return Notification.objects.get(pk=notification.pk)


def delivery_of(notification):
    return EmailDelivery.objects.get(notification_id=notification.pk)
