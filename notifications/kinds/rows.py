"""The rows that emails are written from, read for many emails at once.

A writer asks for the rows of its own message. The first to ask reads those of all messages that are
written together, so a batch of emails takes as many queries as one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from bookings.models import HOLDING_SEATS, Booking, Ticket
from evently.accounts.models import User
from evently.database import clock
from events.contact import may_get_replies, reply_address
from events.models import Event
from notifications.emails.event_texts import EventTexts, texts_of
from notifications.emails.templates import active_versions
from notifications.event_email_models import EventEmail, Picture
from notifications.kinds import row_queries as queries
from notifications.kinds.kept_logos import kept_logo
from notifications.message_models import OrganizerMessage
from notifications.models import Notification
from notifications.returns.listed import suppressed_among
from notifications.template_models import TemplateType
from waitlists.models import Promotion, WaitlistEntry


class Rows:
    """What messages are about, as it is when it is first asked for."""

    def __init__(self, notifications: Sequence[Notification]) -> None:
        self._notifications = notifications
        self._reply_addresses: dict[UUID, str] = {}
        self._own_reply_addresses: dict[tuple[UUID, str], str] = {}

    @cached_property
    def active_templates(self) -> dict[str, UUID]:
        """The active versions of email templates, by type."""
        return active_versions()

    @cached_property
    def now(self) -> datetime:
        """The time at which what emails say is true."""
        return clock.now()

    # ── People ──────────────────────────────────────────────────────────────
    @cached_property
    def _users(self) -> dict[UUID, User]:
        ids = {each.user_id for each in self._notifications}
        return {user.pk: user for user in queries.USERS.rows(user_ids=list(ids))}

    def user(self, user_id: UUID) -> User | None:
        """Return the recipient of one of the messages, with the key; None if deleted."""
        return self._users.get(user_id)

    @cached_property
    def _suppressed(self) -> dict[str, frozenset[str]]:
        addresses = [user.email for user in self._users.values()]
        found = suppressed_among(addresses)
        return {address: found.get(address, frozenset()) for address in addresses}

    def suppressed(self, address: str) -> frozenset[str]:
        """Return why an address that a message goes to gets no emails; mostly none."""
        if address not in self._suppressed:
            # Not that of the account, such as one that is to be confirmed.
            self._suppressed[address] = suppressed_among([address]).get(address, frozenset())
        return self._suppressed[address]

    # ── Events ──────────────────────────────────────────────────────────────
    @cached_property
    def _event_ids(self) -> list[UUID]:
        return list({each.event_id for each in self._notifications if each.event_id})

    @cached_property
    def _events(self) -> dict[UUID, Event]:
        found = queries.EVENTS.rows(event_ids=self._event_ids) if self._event_ids else []
        return {event.pk: event for event in found}

    def event(self, event_id: UUID) -> Event | None:
        return self._events.get(event_id)

    @cached_property
    def _mutes(self) -> dict[tuple[UUID, UUID], set[tuple[str, str]]]:
        users = list({each.user_id for each in self._notifications})
        mutes = defaultdict(set)
        for event_id, user_id, category, channel in queries.MUTES.tuples(
            event_ids=self._event_ids, user_ids=users
        ):
            mutes[event_id, user_id].add((category, channel))
        return mutes

    def muted(self, event_id: UUID, user_id: UUID) -> set[tuple[str, str]]:
        """Return what a user has turned off for an event, as (category, channel)."""
        return self._mutes.get((event_id, user_id), set())

    def reply_address(self, event_id: UUID) -> str:
        """Return where replies to emails about an event go, or "" for nowhere."""
        if event_id not in self._reply_addresses:
            event = self.event(event_id)
            self._reply_addresses[event_id] = reply_address(event) if event is not None else ""
        return self._reply_addresses[event_id]

    @cached_property
    def _written(self) -> dict[UUID, OrganizerMessage]:
        found = queries.MESSAGES.rows(
            event_ids=self._event_ids, message_ids=list(self._named("message"))
        )
        return {message.pk: message for message in found}

    def written(self, event_id: UUID, message_id: object) -> OrganizerMessage | None:
        """Return the message of an organizer that a notification is about, or None."""
        message = self._written.get(as_id(message_id))
        return message if message is not None and message.event_id == event_id else None

    @cached_property
    def _event_emails(self) -> dict[UUID, list[EventEmail]]:
        rows = defaultdict(list)
        if self._event_ids:
            for row in queries.EVENT_EMAILS.rows(event_ids=self._event_ids):
                rows[row.event_id].append(row)
        return rows

    def event_texts(self, event_id: UUID, type_: TemplateType) -> EventTexts | None:
        """Return what the organizer has added to emails of a type about an event, or None."""
        texts = texts_of(self._event_emails.get(event_id, ()), type_)
        if texts is None or not texts.needs_logo:
            return texts
        digest = self._logo_digests.get(event_id)
        return replace(texts, logo=kept_logo(event_id, digest)) if digest is not None else texts

    @cached_property
    def _logo_digests(self) -> dict[UUID, bytes]:
        """The digests of the logos that emails show, by event."""
        wanted = [
            event_id
            for event_id, rows in self._event_emails.items()
            if any(row.picture == Picture.LOGO for row in rows)
        ]
        found = queries.LOGO_DIGESTS.tuples(event_ids=wanted)
        return {event_id: bytes(digest) for event_id, digest in found}

    def own_reply_address(self, event_id: UUID, address: str) -> str:
        """Return an address that an organizer entered for replies, "" if it may not get them."""
        if (event_id, address) not in self._own_reply_addresses:
            event = self.event(event_id)
            is_good = event is not None and may_get_replies(event, address)
            self._own_reply_addresses[event_id, address] = address if is_good else ""
        return self._own_reply_addresses[event_id, address]

    # ── Bookings ────────────────────────────────────────────────────────────
    @cached_property
    def _bookings(self) -> dict[UUID, Booking]:
        """The bookings that the recipients have of the events, oldest first.

        They hold seats, or a message is about them.
        """
        found = queries.BOOKINGS.rows(
            event_ids=self._event_ids,
            user_ids=list(self._users),
            booking_ids=list(self._named("booking")),
        )
        for booking in found:
            self._complete(booking)
        return {booking.pk: booking for booking in found}

    def _complete(self, booking: Booking) -> None:
        event, user = self.event(booking.event_id), self.user(booking.user_id)
        if event is not None:
            booking.event = event
        if user is not None:
            booking.user = user

    @cached_property
    def _named_bookings(self) -> list[UUID]:
        """Those that a message is about."""
        return [id_ for id_ in self._named("booking") if id_ in self._bookings]

    def booking(self, event_id: UUID, booking_id: object, *, user_id: UUID) -> Booking | None:
        """Return the booking of a message with its event and user, or None."""
        booking = self._bookings.get(as_id(booking_id))
        is_theirs = booking is not None and (booking.event_id, booking.user_id) == (
            event_id,
            user_id,
        )
        return booking if is_theirs else None

    @cached_property
    def _tickets(self) -> dict[UUID, list[Ticket]]:
        found = queries.TICKETS.rows(event_ids=self._event_ids, booking_ids=self._named_bookings)
        tickets = defaultdict(list)
        for ticket in found:
            ticket.booking = self._bookings[ticket.booking_id]
            tickets[ticket.booking_id].append(ticket)
        return tickets

    def tickets(self, booking: Booking) -> list[Ticket]:
        """Return the tickets of a message's booking: valid, and not handed over to others."""
        return self._tickets.get(booking.pk, [])

    @cached_property
    def _claimed(self) -> dict[UUID | None, Promotion]:
        offers = queries.CLAIMED_OFFERS.rows(
            event_ids=self._event_ids, booking_ids=self._named_bookings
        )
        return {offer.booking_id: offer for offer in offers}

    def claimed(self, booking: Booking) -> Promotion | None:
        """Return the offer that a message's booking was made of, with its entry, or None."""
        return self._claimed.get(booking.pk)

    # ── All that a person has of an event ───────────────────────────────────
    @cached_property
    def _held(self) -> dict[tuple[UUID, UUID], list[Booking]]:
        bookings = defaultdict(list)
        for booking in self._bookings.values():
            if booking.status in HOLDING_SEATS:
                bookings[booking.event_id, booking.user_id].append(booking)
        return bookings

    def bookings_of(self, event_id: UUID, user_id: UUID) -> list[Booking]:
        """Return a user's bookings that hold seats of an event, oldest first."""
        return self._held.get((event_id, user_id), [])

    @cached_property
    def _open_entries(self) -> dict[tuple[UUID, UUID], WaitlistEntry]:
        found = queries.OPEN_ENTRIES.rows(event_ids=self._event_ids, user_ids=list(self._users))
        return {(entry.event_id, entry.user_id): self._with_event(entry) for entry in found}

    def open_entry_of(self, event_id: UUID, user_id: UUID) -> WaitlistEntry | None:
        return self._open_entries.get((event_id, user_id))

    @cached_property
    def _open_offers(self) -> dict[UUID, Promotion]:
        with_offers = [entry for entry in self._open_entries.values() if entry.has_offer]
        if not with_offers:
            return {}
        found = queries.OPEN_OFFERS.rows(
            event_ids=list({entry.event_id for entry in with_offers}),
            entry_ids=[entry.pk for entry in with_offers],
        )
        offers = {offer.waitlist_id: offer for offer in found}
        for entry in with_offers:
            if (offer := offers.get(entry.pk)) is not None:
                offer.event, offer.user = entry.event, entry.user
        return offers

    def open_offer_of(self, entry: WaitlistEntry) -> Promotion | None:
        """Return the pending offer to an open entry, with its event and user, if it is not over."""
        offer = self._open_offers.get(entry.pk)
        return offer if offer is not None and offer.is_open(at=self.now) else None

    # ── Waitlists ───────────────────────────────────────────────────────────
    @cached_property
    def _entries(self) -> dict[UUID, WaitlistEntry]:
        found = queries.ENTRIES.rows(
            event_ids=self._event_ids, entry_ids=list(self._named("entry"))
        )
        return {entry.pk: self._with_event(entry) for entry in found}

    def _with_event(self, entry: WaitlistEntry) -> WaitlistEntry:
        event, user = self.event(entry.event_id), self.user(entry.user_id)
        if event is not None:
            entry.event = event
        if user is not None:
            entry.user = user
        return entry

    def entry(self, event_id: UUID, entry_id: object) -> WaitlistEntry | None:
        """Return the waitlist entry of a message with its event and user, or None."""
        entry = self._entries.get(as_id(entry_id))
        return entry if entry is not None and entry.event_id == event_id else None

    @cached_property
    def _offers(self) -> dict[UUID, Promotion]:
        found = queries.OFFERS.rows(
            event_ids=self._event_ids, offer_ids=list(self._named("promotion"))
        )
        for offer in found:
            event = self.event(offer.event_id)
            if event is not None:
                offer.event = event
        return {offer.pk: offer for offer in found}

    def offer(self, event_id: UUID, offer_id: object, *, user_id: UUID) -> Promotion | None:
        """Return the offer of a message with its event and entry, or None."""
        offer = self._offers.get(as_id(offer_id))
        is_theirs = offer is not None and (offer.event_id, offer.user_id) == (event_id, user_id)
        return offer if is_theirs else None

    def _named(self, item: str) -> set[UUID]:
        """Return the ids under an item of the messages' data; those that are none are left out."""
        found = set()
        for notification in self._notifications:
            try:
                found.add(as_id(notification.data.get(item)))
            except (ValueError, TypeError, AttributeError):
                continue
        return found


def read_together(notifications: Sequence[Notification]) -> Rows:
    """Let the emails of some messages be written from rows that are read once, from now on."""
    rows = Rows(notifications)
    for notification in notifications:
        notification.rows = rows
    return rows


def rows_of(notification: Notification) -> Rows:
    """Return the rows of a message: those that `read_together` has read, or its own as of now."""
    rows = notification.rows
    return rows if isinstance(rows, Rows) else Rows([notification])


def as_id(value: Any) -> UUID:
    """Return an id as messages have it in their data; None is the id of nothing."""
    if value is None:
        return UUID(int=0)
    return value if isinstance(value, UUID) else UUID(value)
