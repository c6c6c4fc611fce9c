"""The attendees of an event from A to Z, for lists, exports and the door.

Names are sealed, so the database cannot sort by them: they are opened and sorted here. Of an event
with many attendees, all names are in memory for a moment, but never all rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import transaction
from django.db.models import F, Func, IntegerField, QuerySet, UUIDField, Value

from bookings.attendance_queries import attendance_of
from bookings.models import AttendanceCheck, Booking
from bookings.presenters.attendance import short_answer
from evently.accounts.finding import fold
from evently.privacy.models import PersonKey
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
    names = _names(bookings)
    in_order = sorted(names, key=lambda pk: (fold(names[pk]), pk))
    for start in range(0, len(in_order), CHUNK):
        chunk = in_order[start : start + CHUNK]
        rows = bookings.select_related("user__person_key").in_bulk(chunk)
        for row in rows.values():
            row.event = event
        checks = attendance_of(list(rows.values()))
        yield from (_attendee(rows[pk], checks.get(pk)) for pk in chunk if pk in rows)


def by_name(bookings: QuerySet[Booking]) -> Func:
    """Return an expression that sorts bookings by the name of their attendee; one query."""
    names = _names(bookings, most=MOST_SORTED)
    in_order = sorted(names, key=lambda pk: (fold(names[pk]), pk))
    ids = Value(in_order, output_field=ArrayField(UUIDField()))
    return Func(ids, F("pk"), function="array_position", output_field=IntegerField())


def _names(bookings: QuerySet[Booking], *, most: int | None = None) -> dict[UUID, str]:
    """Return the name of each booking's attendee by the booking's id, without building rows."""
    rows: Any = bookings.order_by().values_list(
        "pk",
        "user_id",
        "user__sealed_name",
        "user__person_key__wrapped_key",
        "user__person_key__wrapping_key_name",
    )
    names: dict[UUID, str] = {}
    # Only within a transaction does the server keep the rows that were not fetched yet.
    with transaction.atomic(savepoint=False):
        for pk, user_id, sealed, wrapped, wrapping_name in rows[:most].iterator(chunk_size=CHUNK):
            if wrapped is None:
                names[pk] = ""
                continue
            key = PersonKey(user_id=user_id, wrapped_key=wrapped, wrapping_key_name=wrapping_name)
            names[pk] = key.open("name", sealed) or ""
    return names


def _attendee(booking: Booking, check: AttendanceCheck | None) -> Attendee:
    return Attendee(
        name=booking.user.name,
        email=booking.user.email,
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
