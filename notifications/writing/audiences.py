"""Who gets a message to attendees: by bookings, tickets and the waitlist as they are now.

Guests are users, too: their account was made by the booking. Accounts that are being erased, or
were, get nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from bookings.models import (
    HOLDING_SEATS,
    Booking,
    BookingStatus,
    Canceller,
    Ticket,
    TicketTransfer,
)
from evently.accounts.models import User
from evently.database.identity import as_worker
from notifications.kinds.writing import ORGANIZER_MESSAGE
from notifications.message_models import Audience, OrganizerMessage
from notifications.models import Channel
from notifications.mute_models import EventMute
from notifications.preferences import Muted, wanted_channels
from notifications.return_models import Suppression
from waitlists.models import OPEN_STATUSES, WaitlistEntry

USERS_AT_ONCE = 2_000

Ids = QuerySet[Any, UUID]


@dataclass(frozen=True)
class Reach:
    """How many people a message would reach now, looked up in their settings.

    people: all recipients. by_email: they get an email. in_app: of the others, those who find it in
    their notifications. turned_off: they turned these messages off altogether. no_emails: they
    turned these emails off. unreachable: their address gets no emails, as earlier ones came back.
    """

    people: int = 0
    by_email: int = 0
    in_app: int = 0
    turned_off: int = 0
    no_emails: int = 0
    unreachable: int = 0


def recipients(
    message: OrganizerMessage, *, after: UUID | None = None, most: int | None = None
) -> list[UUID]:
    """Return the ids of the people who get a message, in their order.

    after: leave out those up to this id. most: how many at most. Called as the worker.
    """
    people = _people(message)
    if after is not None:
        people = people.filter(pk__gt=after)
    return list(people.order_by("pk").values_list("pk", flat=True)[:most])


@as_worker()
def count_recipients(message: OrganizerMessage) -> int:
    """Return how many people get a message. Of others' accounts, only their number is told."""
    return _people(message).order_by().count()


@as_worker()
def reach_of(message: OrganizerMessage) -> Reach:
    """Return how many people a message would reach now; numbers only."""
    ids, total = recipients(message), Reach()
    for start in range(0, len(ids), USERS_AT_ONCE):
        total = _sum(total, _reach_among(message.event_id, ids[start : start + USERS_AT_ONCE]))
    return total


# ── Audiences ───────────────────────────────────────────────────────────────
def _people(message: OrganizerMessage) -> QuerySet[User]:
    first, *others = _sources(message)
    return User.objects.filter(
        pk__in=first.union(*others) if others else first,
        deleted_at__isnull=True,
        deletion_started_at__isnull=True,
    )


def _sources(message: OrganizerMessage) -> list[Ids]:
    event_id, audience = message.event_id, message.audience
    if audience == Audience.NOT_CHECKED_IN:
        return [_not_checked_in(event_id)]
    if audience == Audience.BOOKINGS:
        bookings = Booking.objects.filter(event_id=event_id, pk__in=message.booking_ids)
        return [_ids(bookings, "user_id")]
    found = []
    if audience in (Audience.BOOKED, Audience.EVERYONE):
        found += _booked(event_id)
    if audience in (Audience.WAITING, Audience.EVERYONE):
        waiting = WaitlistEntry.objects.filter(event_id=event_id, status__in=OPEN_STATUSES)
        found.append(_ids(waiting, "user_id"))
    return found


def _booked(event_id: UUID) -> list[Ids]:
    """Return who has seats, or had them until the event was cancelled, and holders of tickets."""
    bookings = Booking.objects.filter(
        Q(status__in=HOLDING_SEATS) | Q(cancelled_by=Canceller.EVENT), event_id=event_id
    )
    handed_over = TicketTransfer.objects.filter(
        event_id=event_id, recipient__isnull=False, new_ticket__cancelled_at__isnull=True
    )
    return [_ids(bookings, "user_id"), _ids(handed_over, "recipient_id")]


def _not_checked_in(event_id: UUID) -> Ids:
    """Return who holds valid tickets, of which none was used."""
    # Those of cancelled bookings are cancelled, too.
    valid = Ticket.objects.filter(event_id=event_id, cancelled_at__isnull=True).annotate(
        person=Coalesce(F("holder_id"), F("user_id"))
    )
    arrived = valid.filter(checked_in_at__isnull=False).order_by().values("person")
    confirmed = valid.filter(booking__event_id=event_id, booking__status=BookingStatus.CONFIRMED)
    return _ids(confirmed.exclude(person__in=arrived), "person")


def _ids(rows: QuerySet[Any], column: str) -> Ids:
    found: Ids = rows.order_by().values_list(column, flat=True)
    return found


# ── What they want ──────────────────────────────────────────────────────────
def _reach_among(event_id: UUID, ids: Sequence[UUID]) -> Reach:
    unreachable = _unreachable(ids)
    # Most people have no preferences: these are not read.
    stated = dict(
        User.objects.filter(pk__in=ids)
        .exclude(preferences={})
        .order_by()
        .values_list("pk", "preferences")
    )
    muted = defaultdict(set)
    mutes = EventMute.objects.filter(event_id=event_id, user_id__in=ids)
    for user_id, category, channel in mutes.values_list("user_id", "category", "channel"):
        muted[user_id].add((category, channel))
    wanted = {id_: _wanted(stated.get(id_), muted[id_]) for id_ in ids}
    emails = {id_ for id_ in ids if Channel.EMAIL in wanted[id_]}
    by_email = emails - unreachable
    in_app = {id_ for id_ in ids if Channel.IN_APP in wanted[id_]}
    return Reach(
        people=len(ids),
        by_email=len(by_email),
        in_app=len(in_app - by_email),
        turned_off=sum(1 for id_ in ids if not wanted[id_]),
        no_emails=sum(1 for id_ in ids if wanted[id_] and id_ not in emails),
        unreachable=len(emails & unreachable),
    )


def _wanted(preferences: object, muted: Muted) -> list[str]:
    kind = ORGANIZER_MESSAGE
    return wanted_channels(
        list(kind.channels),
        kind,
        preferences=preferences if isinstance(preferences, dict) else {},
        entry_preferences={},
        muted=muted,
    )


def _unreachable(ids: Iterable[UUID]) -> set[UUID]:
    """Return whose present address gets no emails."""
    found = Suppression.objects.filter(
        user_id__in=list(ids),
        released_at__isnull=True,
        address_digest=F("user__email_digest"),
    )
    return set(found.order_by().values_list("user_id", flat=True))


def _sum(one: Reach, other: Reach) -> Reach:
    return Reach(
        *(getattr(one, name) + getattr(other, name) for name in Reach.__dataclass_fields__)
    )
