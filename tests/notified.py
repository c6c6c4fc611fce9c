"""What users are notified of: a full event in Zurich, and what they got."""

from datetime import UTC, datetime

from django.core import mail

from bookings.operations import (
    Canceller,
    book_seats,
    cancel_booking,
)
from evently.accounts.factories import UserFactory
from evently.origin import Origin
from events.factories import EventFactory
from notifications.models import Notification
from notifications.operations.delivering import deliver_all
from notifications.queries import unsent_emails_of
from waitlists.operations import (
    join_waitlist,
)

ORIGIN = Origin()


def kinds_of(user):
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [row.type for row in rows]


def latest(user):
    return Notification.objects.filter(user=user).order_by("created_at", "id").last()


def emails_to(user):
    """Send the emails that wait for a user, and return the subjects of all that were sent."""
    deliver_all(unsent_emails_of(user.pk))
    return [email.subject for email in mail.outbox]


def book(event, user=None, quantity=1):
    user = user or UserFactory()
    return book_seats(event_id=event.pk, user_id=user.pk, quantity=quantity, origin=ORIGIN)


def zurich(**columns):
    given = {"name": "Jazz", "timezone": "Europe/Zurich"}
    given["event_date"] = datetime(2099, 7, 2, 18, 30, tzinfo=UTC)
    return EventFactory(**(given | columns))


def waiting_for_two():
    """Return a full event, its only booking, and a user with their waitlist entry."""
    event = zurich(total_capacity=2)
    booking = book(event, quantity=2)
    user = UserFactory()
    entry = join_waitlist(event_id=event.pk, user_id=user.pk, quantity=2, min_quantity=1)
    return event, booking, user, entry


def offered(waiting):
    event, booking, _, _ = waiting
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)
    return event.promotions.get()
