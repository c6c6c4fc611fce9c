"""All that one user has of an event: several bookings, a waitlist entry, an offer.

Emails look it up when they are written, so that what they say is true then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from bookings.models import Booking
from evently.formatting import counted, moment_for, seats
from events.models import Event
from notifications.emails.email_content import TextLink
from notifications.kinds import common
from notifications.kinds.rows import rows_of
from notifications.models import Notification
from waitlists.models import Promotion, WaitlistEntry


@dataclass(frozen=True)
class Holdings:
    """bookings: holding seats, oldest first. entry: open. offer: can be claimed now."""

    event: Event
    bookings: list[Booking]
    entry: WaitlistEntry | None
    offer: Promotion | None

    def without(self, booking: Booking) -> "Holdings":
        """Return all that the user has besides a booking."""
        others = [each for each in self.bookings if each.pk != booking.pk]
        return replace(self, bookings=others)


def holdings_of(notification: Notification) -> Holdings:
    """Return what the user of a message has of its event now. Raises EmailObsolete."""
    event, rows = common.event_of(notification), rows_of(notification)
    entry = rows.open_entry_of(event.pk, notification.user_id)
    offer = rows.open_offer_of(entry) if entry is not None else None
    bookings = rows.bookings_of(event.pk, notification.user_id)
    return Holdings(event=event, bookings=bookings, entry=entry, offer=offer)


def bookings_named(event: Event, user_id: UUID, ids: Sequence[Any]) -> list[Booking]:
    """Return some of a user's bookings of an event, oldest first."""
    return _rows(event, Booking.objects.of_user(user_id).filter(pk__in=ids))


def _rows(event: Event, bookings: QuerySet[Booking]) -> list[Booking]:
    rows = list(bookings.filter(event_id=event.pk).order_by("pk"))
    for booking in rows:
        booking.event = event
    return rows


def seats_in(bookings: Sequence[Booking]) -> int:
    return sum(booking.quantity for booking in bookings)


def references(bookings: Sequence[Booking]) -> str:
    return ", ".join(booking.booking_reference for booking in bookings)


def ended_text(bookings: Sequence[Booking]) -> str:
    """Return that these bookings are cancelled, in a sentence; "" for none."""
    if not bookings:
        return ""
    if len(bookings) == 1:
        what, are = f"Your booking {references(bookings)}", "is"
    else:
        what, are = f"Your {counted(len(bookings), 'booking')} {references(bookings)}", "are"
    return f"{what} ({seats(seats_in(bookings))}) {are} cancelled."


def booked_in_all(booking: Booking, others: Holdings) -> str:
    """Return what a user has of an event with a new booking, in sentences; "" if nothing else."""
    sentences = []
    if others.bookings:
        word = "booking" if len(others.bookings) == 1 else "bookings"
        total = seats(booking.quantity + seats_in(others.bookings))
        sentences.append(
            f"With your other {word} ({references(others.bookings)}), you have {total} for this "
            "event."
        )
    return " ".join([*sentences, *_waitlist_sentences(others)])


def kept_text(others: Holdings) -> str:
    """Return what a user still has of an event, in sentences; "" for nothing."""
    sentences = []
    if others.bookings:
        sentences.append(
            f"You still have {seats(seats_in(others.bookings))} for this event "
            f"({references(others.bookings)})."
        )
    return " ".join([*sentences, *_waitlist_sentences(others)])


def besides_text(theirs: Holdings) -> str:
    """Return which bookings a user has beside seats that are offered; "" for none."""
    if not theirs.bookings:
        return ""
    return (
        f"They are in addition to the {seats(seats_in(theirs.bookings))} that you have booked "
        f"({references(theirs.bookings)})."
    )


def all_text(theirs: Holdings) -> str:
    """Return what a user has of an event, in sentences; "" for nothing."""
    sentences = []
    if len(theirs.bookings) > 1:
        sentences.append(
            f"You have {seats(seats_in(theirs.bookings))} in "
            f"{counted(len(theirs.bookings), 'booking')}."
        )
    elif theirs.bookings:
        sentences.append(f"You have {seats(seats_in(theirs.bookings))}.")
    return " ".join([*sentences, *_waitlist_sentences(theirs)])


def button_of(theirs: Holdings) -> dict[str, Any]:
    """Return button and links of an email about an event, as `call_to_action` takes them.

    All work without logging in. A single booking, entry or offer is behind the button.
    """
    links = booking_links(theirs.bookings)
    if theirs.offer is not None:
        links.append(TextLink("The seats offered to you", common.offer_url(theirs.offer)))
    elif theirs.entry is not None:
        links.append(TextLink("Your waitlist entry", common.entry_url(theirs.entry)))
    if len(links) == 1:
        text = "Show my booking" if theirs.bookings else "Show my waitlist entry"
        if theirs.offer is not None:
            text = "Show my offer"
        return {"button_text": text, "button_url": links[0].url}
    return {
        "button_text": "Show the event",
        "button_url": common.event_url(theirs.event),
        "links": links,
    }


def _waitlist_sentences(theirs: Holdings) -> list[str]:
    also = "also " if theirs.bookings else ""
    if theirs.offer is not None:
        are = "is" if theirs.offer.quantity == 1 else "are"
        zone = theirs.entry.own_zone if theirs.entry is not None else None
        until = moment_for(theirs.offer.expires_at, theirs.event.zone, zone)
        return [f"{seats(theirs.offer.quantity)} {are} {also}held for you until {until}."]
    if theirs.entry is not None and theirs.entry.is_waiting:
        return [f"You are {also}on the waitlist, for {seats(theirs.entry.quantity)}."]
    return []


def booking_links(bookings: Sequence[Booking]) -> list[TextLink]:
    """Return a link to each booking that works without logging in."""
    return [
        TextLink(
            label=f"Booking {booking.booking_reference}, {seats(booking.quantity)}",
            url=common.booking_url(booking),
        )
        for booking in bookings
    ]
