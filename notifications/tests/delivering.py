"""Messages delivered as the tasks deliver them, and what became of them."""

from notifications.models import EmailDelivery, Notification
from notifications.operations import delivering


def deliver(*notifications):
    delivering.deliver_all([(each.pk, each.user_id) for each in notifications])


def reread(notification):
    return Notification.objects.get(pk=notification.pk)


def mail_of(notification):
    return EmailDelivery.objects.get(notification_id=notification.pk)
