"""The attendees of an event from A to Z, for lists, exports and the door.

Names are sealed, so the database cannot sort by them: they are opened and sorted here. Of an event
with many attendees, all names are in memory for a moment, but never all rows.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Func, IntegerField, TextField, Value
from django.db.models.functions import Cast

from bookings.attendance_queries import attendance_of
from bookings.models import HOLDING_SEATS, AttendanceCheck, Booking
from bookings.presenters.attendance import short_answer
from evently.accounts.finding import fold
from evently.privacy.models import PersonKey
from evently.privacy.sealing import Purpose
from events.models import Event

# The most attendees that a list in the admin sorts by name; more come after them.
MOST_SORTED = 20_000
CHUNK = 500


@dataclass(frozen=True)
class Attendee:
    """One booking with the person it belongs to. name and email: "" once they are erased.

    Amounts are in the event's currency; times are aware.
    """

    name: str
    email: str
    reference: str
    seats: int
    status: str
    unit_price: Decimal
    amount: Decimal
    booked_at: datetime
    cancelled_at: datetime | None
    cancel_reason: str
    # Whether they are still coming, in short; "" where they were not asked.
    answer: str = ""


def attendees(event: Event, *, with_cancelled: bool = False) -> Iterator[Attendee]:
    """Yield the bookings of an event by name; without those that hold no seats by default.

    One query for the names, and one for each 500 bookings; two where the event asks who is coming.
    """
    bookings = Booking.objects.with_archived().filter(event_id=event.pk)
    if not with_cancelled:
        bookings = bookings.holding_seats()
    people = {
        person.booking_id: person
        for person in _people(event.pk)
        if with_cancelled or person.status in HOLDING_SEATS
    }
    names = {pk: person.name for pk, person in people.items()}
    in_order = _by_name(names)
    for start in range(0, len(in_order), CHUNK):
        chunk = in_order[start : start + CHUNK]
        rows = bookings.in_bulk(chunk)
        for row in rows.values():
            row.event = event
        checks = attendance_of(list(rows.values()))
        for pk in chunk:
            person = people.pop(pk)
            if pk in rows:
                yield _attendee(rows[pk], names[pk], person.email, checks.get(pk))


def by_name(event_id: UUID) -> Func:
    """Return an expression that sorts an event's bookings by their attendee's name; one query."""
    names = {person.booking_id: person.name for person in _people(event_id, most=MOST_SORTED)}
    places = {str(pk): place for place, pk in enumerate(_by_name(names))}
    return _Place(Value(json.dumps(places)), Cast("pk", TextField()))


class _Place(Func):
    """The number that a JSON object has for an id: found by halving, not one after the other."""

    template = "(%(expressions)s)::int"
    arg_joiner = "::jsonb -> "
    output_field = IntegerField()


def _by_name(names: dict[UUID, str]) -> list[UUID]:
    return sorted(names, key=lambda pk: (fold(names[pk]), pk))


@dataclass(frozen=True, slots=True)
class _Person:
    """The attendee of a booking, sealed as stored; without a key once they are erased."""

    booking_id: UUID
    status: str
    user_id: UUID
    sealed_name: str
    sealed_email: str
    wrapped_key: bytes | None
    wrapping_key_name: str

    @property
    def name(self) -> str:
        return self._open("name", self.sealed_name)

    @property
    def email(self) -> str:
        return self._open("email", self.sealed_email)

    def _open(self, purpose: Purpose, sealed: str) -> str:
        if self.wrapped_key is None:
            return ""
        key = PersonKey(
            user_id=self.user_id,
            wrapped_key=self.wrapped_key,
            wrapping_key_name=self.wrapping_key_name,
        )
        return key.open(purpose, sealed) or ""


def _people(event_id: UUID, *, most: int | None = None) -> Iterator[_Person]:
    """Yield the attendees of an event, without building rows. most: how many at most.

    By a function that looks once whether the event is the caller's: the policies of accounts and
    keys would do so for each person.
    """
    # Only within a transaction does the server keep the rows that were not fetched yet.
    with transaction.atomic(savepoint=False), connection.chunked_cursor() as cursor:
        cursor.execute("SELECT * FROM evently_attendees(%s) LIMIT %s", [event_id, most])
        while rows := cursor.fetchmany(CHUNK):
            for row in rows:
                yield _Person(*row)


def _attendee(booking: Booking, name: str, email: str, check: AttendanceCheck | None) -> Attendee:
    return Attendee(
        name=name,
        email=email,
        reference=booking.booking_reference,
        seats=booking.quantity,
        status=booking.status,
        unit_price=booking.unit_price,
        amount=booking.total_amount,
        booked_at=booking.created_at,
        cancelled_at=booking.cancelled_at,
        cancel_reason=booking.cancel_reason,
        answer=short_answer(booking, check),
    )
