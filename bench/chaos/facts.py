"""What the database and the mail server say after a round, about the round's events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connections

from bench.chaos.site import Site
from bench.torturing.following import Follower
from bench.torturing.observing import look

BOOKINGS = "SELECT id, event_id, user_id, status FROM bookings WHERE event_id = ANY(%s)"
ENTRIES = "SELECT id, event_id, user_id, status FROM waitlists WHERE event_id = ANY(%s)"
OFFERS = """
    SELECT id, event_id, user_id, status, booking_id FROM waitlist_promotions
    WHERE event_id = ANY(%s)
"""
# Of a cancelled event: its status, what of it is still open, and everyone who has to be told.
CALLED_OFF = """
    SELECT status,
        (SELECT count(*) FROM bookings WHERE event_id = e.id AND status <> 'cancelled')
        + (SELECT count(*) FROM waitlists
            WHERE event_id = e.id AND status IN ('waiting', 'promoted')),
        (SELECT count(DISTINCT user_id) FROM (
            SELECT user_id FROM bookings WHERE event_id = e.id
            UNION ALL SELECT user_id FROM waitlists WHERE event_id = e.id) p)
    FROM events e WHERE id = %s
"""
ATTEMPTS = """
    SELECT event_id, user_id, count(*) FROM booking_attempts
    WHERE event_id = ANY(%s) GROUP BY event_id, user_id
"""
# With the key that names the fact, and whether its email may have been repeated.
MESSAGES = """
    SELECT k.key, n.status, coalesce(n.channels ? 'email', false),
        coalesce(lower(log.metadata ->> 'messageId'), ''),
        coalesce((log.metadata ->> 'maybeRepeated')::boolean, false)
    FROM notifications n
    JOIN message_keys k ON k.notification_id = n.id AND k.user_id = n.user_id
    LEFT JOIN email_delivery_log log ON log.notification_id = n.id
    WHERE n.event_id = ANY(%s)
"""


@dataclass(frozen=True)
class Row:
    """A booking, an entry or an offer. booking: made from an offer."""

    id: UUID
    event: UUID
    person: UUID
    status: str
    booking: UUID | None = None


@dataclass(frozen=True)
class Message:
    """A notification. key: names the fact. copies: how often its email arrived."""

    key: str
    status: str
    by_email: bool = True
    copies: int = 1
    may_be_repeated: bool = False


@dataclass(frozen=True)
class CalledOff:
    """The event that the organizer cancels. open: its bookings and entries that are not over.

    people: how many had any. messages: those about it.
    """

    status: str
    open: int
    people: int
    messages: Sequence[Message] = ()


@dataclass(frozen=True)
class Facts:
    """attempts: how many are logged, by event and person. broken: rows by the broken invariant."""

    bookings: Sequence[Row] = ()
    entries: Sequence[Row] = ()
    offers: Sequence[Row] = ()
    messages: Sequence[Message] = ()
    attempts: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    called_off: CalledOff | None = None
    broken: dict[str, list[Any]] = field(default_factory=dict)


def read_facts(
    site: Site, events: list[UUID], doomed: UUID, followers: dict[UUID, Follower]
) -> Facts:
    """Read them, once everything is settled.

    doomed: the event that was cancelled. followers: of the public records read so far.
    """
    copies = site.mail.copies()
    # Those of Django ended with the database, or were cut.
    connections.close_all()
    with site.database() as database:

        def rows(query: str) -> list[Row]:
            return [Row(*row) for row in database.execute(query, [events]).fetchall()]

        def messages(events: list[UUID]) -> list[Message]:
            return [
                Message(key, status, by_email, copies.get(message_id, 0), repeated)
                for key, status, by_email, message_id, repeated in database.execute(
                    MESSAGES, [events]
                ).fetchall()
            ]

        attempts = {
            (event, person): count
            for event, person, count in database.execute(ATTEMPTS, [events]).fetchall()
        }
        ((status, is_open, people),) = database.execute(CALLED_OFF, [doomed]).fetchall()
        return Facts(
            rows(BOOKINGS),
            rows(ENTRIES),
            rows(OFFERS),
            messages(events),
            attempts,
            CalledOff(status, is_open, people, messages([doomed])),
            look(followers),
        )
