"""What an event offers a visitor: its seats, its waitlist, and what the user already has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min
from django.urls import reverse

from bookings.models import Booking, BookingStatus
from events.models import Event, PaymentMode
from waitlists.models import Promotion, WaitlistEntry
from waitlists.queries import open_promotion_for


@dataclass(frozen=True)
class WaitlistSummary:
    """The waitlist of an event in numbers.

    waiting: entries. lowest_min_quantity: the smallest number of free seats that can be offered
    to one of them; None if none waits.
    """

    waiting: int = 0
    lowest_min_quantity: int | None = None


@dataclass(frozen=True)
class Seats:
    """An event's seats as pages show them.

    waiting: waitlist entries. reserved_for_waitlist: seats are free, but not on public sale.
    """

    available: int
    taken: int
    total: int
    waiting: int
    reserved_for_waitlist: bool


@dataclass(frozen=True)
class BookedSeats:
    """What a user has booked of an event, all bookings together.

    is_pending: one of them is not confirmed yet. url: the booking, or the list if there are more.
    """

    quantity: int
    is_pending: bool
    url: str


@dataclass(frozen=True)
class Participation:
    """A user's seats, open waitlist entry and pending offer for one event."""

    booking: BookedSeats | None = None
    entry: WaitlistEntry | None = None
    promotion: Promotion | None = None


@dataclass(frozen=True)
class Availability:
    """What an event's page offers a visitor. closed_text: why it offers nothing, if so."""

    seats: Seats
    participation: Participation
    can_book: bool
    can_join: bool
    closed_text: str

    @property
    def state(self) -> str:
        """A word that changes when the page must offer something else."""
        if self.can_book:
            return "book"
        return "join" if self.can_join else "closed"


def waitlist_summaries(event_ids: Iterable[UUID]) -> dict[UUID, WaitlistSummary]:
    """Return the waitlists of events, in one query; events without one are left out."""
    rows = (
        WaitlistEntry.objects.waiting()
        .filter(event_id__in=list(event_ids))
        .order_by()
        .values("event_id")
        .annotate(waiting=Count("pk"), lowest_min_quantity=Min("min_quantity"))
    )
    return {
        row["event_id"]: WaitlistSummary(row["waiting"], row["lowest_min_quantity"]) for row in rows
    }


def seats_of(event: Event, waitlist: WaitlistSummary) -> Seats:
    lowest = waitlist.lowest_min_quantity
    return Seats(
        available=event.available_seats,
        taken=event.total_capacity - event.available_seats,
        total=event.total_capacity,
        waiting=waitlist.waiting,
        # The rule of the trigger trg_waitlist_first: while an entry fits, no public sale.
        reserved_for_waitlist=lowest is not None and lowest <= event.available_seats,
    )


def availability_for(event: Event, *, user: Any, at: datetime, closed_text: str) -> Availability:
    """Return what an event offers a user or visitor. closed_text: why it is not on sale, if so."""
    seats = seats_of(event, waitlist_summaries([event.pk]).get(event.pk, WaitlistSummary()))
    participation = participation_of(user.pk, event) if user.is_authenticated else Participation()
    is_open = event.is_on_sale(at=at)
    has_seats = seats.available > 0 and not seats.reserved_for_waitlist
    if is_open and event.payment_mode == PaymentMode.TRANSFER:
        is_open = False
        closed_text = "Payment by transfer is not available yet."
    return Availability(
        seats=seats,
        participation=participation,
        can_book=is_open and has_seats,
        can_join=is_open and not has_seats and participation.entry is None,
        closed_text="" if is_open else closed_text,
    )


def participation_of(user_id: UUID, event: Event) -> Participation:
    entry = WaitlistEntry.objects.open().filter(event_id=event.pk, user_id=user_id).first()
    promotion = None
    if entry is not None and entry.has_offer:
        promotion = open_promotion_for(entry=entry)
    return Participation(booking=_booked_seats(user_id, event.pk), entry=entry, promotion=promotion)


def _booked_seats(user_id: UUID, event_id: UUID) -> BookedSeats | None:
    rows = list(
        Booking.objects.of_user(user_id)
        .holding_seats()
        .filter(event_id=event_id)
        .values_list("pk", "quantity", "status")
    )
    if not rows:
        return None
    return BookedSeats(
        quantity=sum(quantity for _, quantity, _ in rows),
        is_pending=any(status == BookingStatus.PENDING for *_, status in rows),
        url=reverse("booking_detail", args=[rows[0][0]])
        if len(rows) == 1
        else reverse("my_bookings"),
    )
