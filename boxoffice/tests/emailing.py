"""Emails of an event for admin tests: sent, failed, reported, and to suppressed addresses."""

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.privacy.addresses import digest_of_address
from notifications.kinds import bookings as kinds
from notifications.models import EmailDelivery, Notification
from notifications.operations import delivering
from notifications.operations.creating import notify
from notifications.return_models import EmailReturn, Suppression

EMAILS = "/admin/notifications/emaildelivery/"


def emailed(event, **columns):
    """Return the email that confirmed a new booking of the event. columns: changed in the log."""
    booking = BookingFactory(event=event)
    booking = Booking.objects.select_related("event").get(pk=booking.pk)
    (id_,) = notify(messages=[kinds.booking_confirmed(booking)])
    delivering.deliver_all([(id_, booking.user_id)])
    EmailDelivery.objects.filter(notification_id=id_).update(**columns)
    if columns.get("status") in ("failed", "bounced"):
        Notification.objects.filter(pk=id_).update(status="failed")
    return EmailDelivery.objects.get(notification_id=id_)


def failed(event):
    return emailed(event, status="failed", error_message="SMTPRecipientsRefused 550")


def page(email, name="change"):
    return f"{EMAILS}{email.pk}/{name}/"


def confirm(admin, email):
    return admin.post(page(email, "again"), {"confirmed": "yes"}, follow=True)


def report(email):
    EmailReturn.objects.create(
        delivery_id=email.pk,
        user_id=email.user_id,
        event_id=email.event_id,
        outcome="bounced",
        reason="no_mailbox",
        code="5.1.1",
        is_permanent=True,
        source="mailbox",
        digest=email.pk.hex * 2,
    )


def suppress(user):
    Suppression.objects.create(
        user=user,
        address_digest=digest_of_address(user.email),
        address=user.person_key.seal("recipient", user.email),
        reason="hard_bounce",
    )
