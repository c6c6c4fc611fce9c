"""Reads of notifications, and of who has to be notified."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.functions import TransactionNow
from django.db.models import Count, QuerySet

from bookings.models import Booking, TicketTransfer
from evently.database.prepared import PreparedQuery
from events.models import Event
from notifications.kinds.accounts import WELCOME_KEY
from notifications.models import Channel, MessageKey, Notification, NotificationStatus
from notifications.mute_models import EventMute
from waitlists.models import OPEN_STATUSES, WaitlistEntry

# Nothing is pending for longer, so older partitions need not be searched.
RECENT = timedelta(days=35)
EVENTS_SHOWN = 20


def inbox(*, user_id: UUID) -> QuerySet[Notification]:
    """Return a user's notifications, newest first."""
    return Notification.objects.inbox_of(user_id).newest_first()


UNREAD = PreparedQuery[Any](
    lambda user_id: (
        Notification.objects.filter(user_id=user_id)
        .unread()
        .order_by()
        .values("user_id")
        .annotate(unread=Count("pk"))
        .values_list("unread")
    ),
    user_id=UUID,
)


def unread_count(*, user_id: UUID) -> int:
    """Return how many notifications a user has not read; needs a small index only."""
    rows = UNREAD.tuples(user_id=user_id)
    return rows[0][0] if rows else 0


def unsent_emails_of(user_id: UUID) -> list[tuple[UUID, UUID]]:
    """Return a user's notifications that are still to be emailed: (notification id, user id)."""
    return list(
        _unsent_emails()
        .filter(user_id=user_id)
        .order_by("created_at", "id")
        .values_list("id", "user_id")
    )


def has_unsent_emails(event_id: UUID) -> bool:
    """Return whether emails about an event are still to be sent."""
    return unsent_emails_about(event_id).exists()


def unsent_emails_about(event_id: UUID) -> QuerySet[Notification]:
    """Return the notifications about an event that are still to be emailed."""
    return _unsent_emails().filter(event_id=event_id)


def _unsent_emails() -> QuerySet[Notification]:
    return Notification.objects.filter(
        status=NotificationStatus.PENDING,
        channels__contains=[Channel.EMAIL],
        created_at__gt=TransactionNow() - RECENT,
    )


def user_ids_of_event(*, event_id: UUID, most: int | None = None) -> list[UUID]:
    """Return all who have seats of an event, or a ticket of one, or wait or hold an offer.

    In the order of their ids; most: how many at most.
    """
    return list(_people_of_event(event_id).order_by("user_id")[:most])


def count_of_event(*, event_id: UUID) -> int:
    """Return how many people `user_ids_of_event` would return."""
    return _people_of_event(event_id).count()


def _people_of_event(event_id: UUID) -> "QuerySet[Booking, UUID]":
    booked = Booking.objects.holding_seats().filter(event_id=event_id)
    waiting = WaitlistEntry.objects.filter(event_id=event_id, status__in=OPEN_STATUSES)
    holding = TicketTransfer.objects.filter(
        event_id=event_id, recipient__isnull=False, new_ticket__cancelled_at__isnull=True
    )
    return (
        booked.order_by()
        .values_list("user_id", flat=True)
        .union(
            waiting.order_by().values_list("user_id", flat=True),
            holding.order_by().values_list("recipient_id", flat=True),
        )
    )


def events_with_settings(*, user_id: UUID) -> list[Event]:
    """Return the events ahead that a user has booked, and those with messages turned off.

    At most EVENTS_SHOWN of each, the first to begin first; with `is_muted`.
    """
    muted = EventMute.objects.filter(user_id=user_id).values("event_id")
    booked = Booking.objects.holding_seats().filter(user_id=user_id).values("event_id")
    with_mutes = list(
        Event.objects.filter(pk__in=muted).order_by("-event_date", "pk")[:EVENTS_SHOWN]
    )
    ahead = Event.objects.upcoming().filter(pk__in=booked).order_by("event_date", "pk")
    ids = {event.pk for event in with_mutes}
    others = [event for event in ahead[:EVENTS_SHOWN] if event.pk not in ids]
    for event in [*with_mutes, *others]:
        event.is_muted = event.pk in ids
    return sorted([*with_mutes, *others], key=lambda event: (event.event_date, event.pk))


def was_welcomed_just_now(*, user_id: UUID) -> bool:
    """Tell whether the welcome of this user was written in the current transaction."""
    return MessageKey.objects.filter(
        user_id=user_id, key=WELCOME_KEY, created_at__gte=TransactionNow()
    ).exists()
