"""Reads of notifications."""

from uuid import UUID

from django.contrib.postgres.functions import TransactionNow
from django.db.models import QuerySet

from bookings.models import Booking
from notifications.models import MessageKey, Notification, NotificationStatus
from waitlists.models import OPEN_STATUSES, WaitlistEntry

WELCOME_KEY = "welcome"


def inbox(*, user_id: UUID) -> QuerySet[Notification]:
    """Return a person's messages, newest first."""
    return Notification.objects.inbox_of(user_id).newest_first()


def unread_count(*, user_id: UUID) -> int:
    """Return how many messages a person has not read; one look into a small index."""
    return Notification.objects.filter(user_id=user_id).unread().count()


def pending_count() -> int:
    """Return how many messages are not delivered yet; one look into the index of what is due."""
    return Notification.objects.filter(status=NotificationStatus.PENDING).count()


def people_of_event(*, event_id: UUID) -> list[UUID]:
    """Return who has seats of an event, or waits for or is offered some."""
    booked = Booking.objects.holding_seats().filter(event_id=event_id)
    waiting = WaitlistEntry.objects.filter(event_id=event_id, status__in=OPEN_STATUSES)
    return list(
        booked.order_by()
        .values_list("user_id", flat=True)
        .union(waiting.order_by().values_list("user_id", flat=True))
    )


def was_welcomed_just_now(*, user_id: UUID) -> bool:
    """Tell whether a person is being welcomed in this very transaction."""
    return MessageKey.objects.filter(
        user_id=user_id, key=WELCOME_KEY, created_at__gte=TransactionNow()
    ).exists()
