"""Where an event stands for a reader: seats, the line, and what they have already."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min
from django.urls import reverse

from bookings.models import Booking, BookingStatus
from events.models import Event, PaymentMode
from waitlists.models import IN_LINE, Promotion, PromotionStatus, WaitlistEntry


@dataclass(frozen=True)
class WaitlistSummary:
    """Who waits for an event. fewest: seats with which somebody would do."""

    waiting: int = 0
    fewest: int | None = None


@dataclass(frozen=True)
class Seats:
    """An event's seats, as pages tell them. kept_for_line: free, yet none for public sale."""

    available: int
    taken: int
    total: int
    waiting: int
    kept_for_line: bool


@dataclass(frozen=True)
class BookedSeats:
    """What a reader has booked of an event, all bookings together."""

    quantity: int
    is_pending: bool
    url: str


@dataclass(frozen=True)
class Claims:
    """What a reader has to do with an event already."""

    booking: BookedSeats | None = None
    entry: WaitlistEntry | None = None
    promotion: Promotion | None = None


@dataclass(frozen=True)
class Availability:
    """What the page of an event offers a reader; closed_text: why nothing, where nothing."""

    seats: Seats
    mine: Claims
    can_book: bool
    can_join: bool
    closed_text: str

    @property
    def state(self) -> str:
        """One word that changes when the page must offer something else."""
        if self.can_book:
            return "book"
        return "join" if self.can_join else "closed"


def waitlist_summaries(event_ids: Iterable[UUID]) -> dict[UUID, WaitlistSummary]:
    """Return the lines of events, in one query; events without one are left out."""
    rows = (
        WaitlistEntry.objects.waiting()
        .filter(event_id__in=list(event_ids))
        .order_by()
        .values("event_id")
        .annotate(waiting=Count("pk"), fewest=Min("min_quantity"))
    )
    return {row["event_id"]: WaitlistSummary(row["waiting"], row["fewest"]) for row in rows}


def seats_of(event: Event, waitlist: WaitlistSummary) -> Seats:
    """Return an event's seats as pages tell them."""
    return Seats(
        available=event.available_seats,
        taken=event.total_capacity - event.available_seats,
        total=event.total_capacity,
        waiting=waitlist.waiting,
        kept_for_line=waitlist.fewest is not None and 0 < waitlist.fewest <= event.available_seats,
    )


def availability_for(event: Event, *, user: Any, at: datetime, closed_text: str) -> Availability:
    """Return where an event stands for a reader; closed_text: why it is not on sale, if so."""
    seats = seats_of(event, waitlist_summaries([event.pk]).get(event.pk, WaitlistSummary()))
    mine = claims_of(user.pk, event) if user.is_authenticated else Claims()
    is_open = event.is_on_sale(at=at)
    has_seats = seats.available > 0 and not seats.kept_for_line
    if is_open and event.payment_mode == PaymentMode.TRANSFER:
        is_open, closed_text = False, "This event is paid by transfer, which is not possible yet."
    return Availability(
        seats=seats,
        mine=mine,
        can_book=is_open and has_seats,
        can_join=is_open and not has_seats and mine.entry is None,
        closed_text="" if is_open else closed_text,
    )


def claims_of(user_id: UUID, event: Event) -> Claims:
    """Return what a person has booked, waits for, or is offered of an event."""
    entry = WaitlistEntry.objects.filter(
        event_id=event.pk,
        user_id=user_id,
        status__in=IN_LINE,
    ).first()
    promotion = None
    if entry is not None and entry.has_offer:
        promotion = Promotion.objects.filter(
            event_id=event.pk, waitlist_id=entry.pk, status=PromotionStatus.PENDING
        ).first()
    return Claims(booking=_booked(user_id, event.pk), entry=entry, promotion=promotion)


def _booked(user_id: UUID, event_id: UUID) -> BookedSeats | None:
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
