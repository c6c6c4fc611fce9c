"""Reads of bookings and tickets that are used twice, or hard to get right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from bookings.models import ArchivedTotals, Booking, BookingStatus, Ticket
from bookings.transfer_models import TicketTransfer, TransferStatus
from evently.accounts.finding import find_people
from evently.accounts.models import User
from evently.accounts.queries import users_by_id
from evently.database.functions import Among, Clock, Ids
from evently.database.identity import as_worker
from evently.database.prepared import PreparedQuery, execute_prepared
from evently.errors import NotFound
from evently.links import FIRST


class TicketNotFound(NotFound):
    """The booking has no such ticket, or it was cancelled."""

    message = "We could not find this ticket."


@dataclass(frozen=True)
class Sums:
    """Sums of bookings. amount: in the currency of their event."""

    bookings: int = 0
    seats: int = 0
    amount: Decimal = Decimal("0.00")

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.bookings + other.bookings, self.seats + other.seats, self.amount + other.amount
        )


def booking_history(*, user_id: UUID) -> QuerySet[Booking]:
    """Return a user's bookings with their events, newest first, archived ones included."""
    return _with_events(Booking.objects.with_archived().of_user(user_id))


def recent_bookings(*, user_id: UUID) -> QuerySet[Booking]:
    """Return a user's bookings with their events, newest first, without archived ones."""
    return _with_events(Booking.objects.of_user(user_id))


def _with_events(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    return bookings.select_related("event").order_by("-created_at", "-id")


def bookings_of_event(*, event_id: UUID) -> QuerySet[Booking]:
    """Return the bookings of an event with their attendees, newest first, also if archived."""
    bookings = Booking.objects.with_archived().filter(event_id=event_id)
    return bookings.select_related("event", "user__person_key").order_by("-created_at", "-id")


def matching(bookings: QuerySet[Booking], text: str) -> QuerySet[Booking]:
    """Return the bookings whose reference, or whose attendee's name or address, has the words.

    bookings: of one event. Part of a reference is enough, and so are parts of names.
    """
    users = bookings.order_by().values("user_id").distinct()
    people = User.objects.filter(Among(F("pk"), Ids(users)))
    found = find_people(people, text)
    return bookings.filter(Q(booking_reference__icontains=text.strip()) | Q(user_id__in=found))


BOOKING_OF = PreparedQuery(
    lambda user_id, booking_id: (
        recent_bookings(user_id=user_id).annotate(clock=Clock()).filter(pk=booking_id)
    ),
    user_id=UUID,
    booking_id=UUID,
)
BOOKING_WITH_USER = PreparedQuery(
    lambda event_id, booking_id: _with_user(Booking.objects.all(), event_id, booking_id),
    event_id=UUID,
    booking_id=UUID,
)
LINKS_VERSION = PreparedQuery[Any](
    lambda event_id, booking_id: Booking.objects.filter(
        event_id=event_id, pk=booking_id
    ).values_list("user__links_version"),
    event_id=UUID,
    booking_id=UUID,
)


# Whoever booked them: a quote is good for as many seats as it was given for.
QUOTED_SEATS = "SELECT * FROM evently_quoted_seats(%s::uuid, %s::uuid[])"


def booking_of(*, user_id: UUID, booking_id: UUID) -> Booking | None:
    """Return one of a user's bookings with its event, or None; an archived one, too.

    `read_at` tells when it was read.
    """
    found = BOOKING_OF.first(user_id=user_id, booking_id=booking_id)
    if found is None:
        archived = booking_history(user_id=user_id).annotate(clock=Clock())
        found = archived.filter(pk=booking_id).first()
    return found


def booking_with_user(*, event_id: UUID, booking_id: UUID) -> Booking | None:
    """Return a booking with its event and its user, or None; as `booking_of`."""
    found = BOOKING_WITH_USER.first(event_id=event_id, booking_id=booking_id)
    if found is None:
        found = _with_user(Booking.objects.with_archived(), event_id, booking_id).first()
    return found


def _with_user(bookings: QuerySet[Booking], event_id: UUID, booking_id: UUID) -> QuerySet[Booking]:
    with_user = bookings.select_related("event", "user__person_key").annotate(clock=Clock())
    return with_user.filter(event_id=event_id, pk=booking_id)


def sums_of_event(event_id: UUID) -> dict[str, Sums]:
    """Return the sums of an event's bookings by status: archived ones and cold storage included.

    One query.
    """
    now_and_archived = (
        Booking.objects.with_archived()
        .filter(event_id=event_id)
        .order_by()
        .values_list("status")
        .annotate(Count("pk"), Sum("quantity"), Sum("total_amount"))
    )
    in_cold = ArchivedTotals.objects.filter(event_id=event_id).values_list(
        "status", "bookings", "seats", "amount"
    )
    found = {status: Sums() for status in BookingStatus.values}
    for status, bookings, seats, amount in now_and_archived.union(in_cold, all=True):
        found[status] += Sums(bookings, seats, amount)
    return found


def read_at(booking: Booking) -> datetime:
    """Return the database's time at which one of these two has read a booking."""
    at: datetime = vars(booking)["clock"]
    return at


def seats_of_user(*, event_id: UUID, user_id: UUID) -> int:
    """Return how many seats of an event a user has booked, all bookings together."""
    bookings = Booking.objects.of_user(user_id).holding_seats().filter(event_id=event_id)
    return bookings.aggregate(seats=Sum("quantity", default=0))["seats"]


def quoted_seats_booked(*, event_id: UUID, quote_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many seats were booked with quotes, cancelled ones included; unused are left out.

    A cancelled booking does not give its quote back.
    """
    rows = execute_prepared(connection, QUOTED_SEATS, [event_id, list(quote_ids)])
    return {quote_id: int(seats) for quote_id, seats in rows}


@as_worker()
def links_version_of(*, event_id: UUID, booking_id: UUID) -> int:
    """Return the version that links to a booking have: that of its user."""
    rows = LINKS_VERSION.tuples(event_id=event_id, booking_id=booking_id)
    return rows[0][0] if rows else FIRST


def tickets_of(booking: Booking) -> list[Ticket]:
    """Return a booking's tickets with their holders, cancelled included, in order of creation."""
    rows = Ticket.objects.filter(event_id=booking.event_id, booking_id=booking.pk)
    tickets = list(rows.select_related("holder__person_key", "booking").order_by("id"))
    hidden = {ticket.holder_id for ticket in tickets if ticket.holder_id and not ticket.holder}
    if hidden:
        # Their accounts are not the owner's to see, but the names that the owner entered are.
        with as_worker():
            holders = users_by_id([holder_id for holder_id in hidden if holder_id])
        for ticket in tickets:
            if ticket.holder_id in holders:
                ticket.holder = holders[ticket.holder_id]
    return tickets


def own_tickets(booking: Booking) -> QuerySet[Ticket]:
    """Return a booking's tickets without those that others have accepted (`Ticket.is_handed_over`).

    Only their holders may see these.
    """
    own = Q(holder__isnull=True) | Q(holder_id=booking.user_id)
    return Ticket.objects.filter(own, event_id=booking.event_id, booking_id=booking.pk)


def transfers_of(booking: Booking) -> list[TicketTransfer]:
    """Return the tickets of a booking that are being or were handed over, oldest first."""
    transfers = TicketTransfer.objects.filter(event_id=booking.event_id, booking_id=booking.pk)
    return list(transfers.select_related("user__person_key").order_by("created_at", "id"))


def accepted_transfers(*, event_id: UUID, booking_ids: Sequence[UUID]) -> list[TicketTransfer]:
    """Return the tickets of bookings that others have accepted."""
    return list(
        TicketTransfer.objects.filter(
            event_id=event_id, booking_id__in=booking_ids, status=TransferStatus.ACCEPTED
        ).order_by("id")
    )


def active_ticket(booking: Booking, *, ticket_id: UUID | None = None) -> Ticket:
    """Return a booking's own ticket that is not cancelled, by default the first.

    Raises TicketNotFound.
    """
    tickets = own_tickets(booking).filter(cancelled_at__isnull=True).order_by("id")
    if ticket_id is not None:
        tickets = tickets.filter(pk=ticket_id)
    ticket = tickets.first()
    if ticket is None:
        raise TicketNotFound
    return ticket


def events_with_overdue_bookings() -> list[UUID]:
    return list(
        Booking.objects.overdue().order_by("event_id").values_list("event_id", flat=True).distinct()
    )
