"""What an event offers a user, and what they already have of it; how waitlists are counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists
from django.urls import reverse

from bookings.models import Booking, BookingStatus
from evently.database.prepared import PreparedQuery, execute_prepared
from events.models import Event
from events.sale import Sale, WaitlistSummary, sale_of
from waitlists.draw_presenters import DrawPresenter, OwnDraw, OwnLot, draw_of
from waitlists.models import Promotion, WaitlistEntry
from waitlists.queries import open_promotion_for


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
    """What an event's page offers a visitor. draw: the pending one."""

    sale: Sale
    participation: Participation
    draw: DrawPresenter | None = None

    @property
    def can_book(self) -> bool:
        return self.sale.can_book

    @property
    def can_join(self) -> bool:
        return self.sale.can_join and self.participation.entry is None

    @property
    def own_lot(self) -> OwnLot | None:
        """What a pending draw means for the visitor's place on the waitlist."""
        entry = self.participation.entry
        if entry is None or self.draw is None or not self.draw.is_pending:
            return None
        return OwnDraw(self.draw, entry).lot

    @property
    def closed_text(self) -> str:
        """Why it offers nothing, or ""."""
        return self.sale.closed_text

    @property
    def state(self) -> str:
        """A word that changes when the page must offer something else."""
        if self.can_book:
            return "book"
        if self.draw is not None and self.draw.is_pending:
            return f"draw-{self.draw.number}-{self.draw.stage}"
        return "join" if self.can_join else "closed"


# What others' entries come to, which nobody else may see.
COUNTS = "SELECT * FROM evently_waitlists(%s::uuid[])"


def count_waitlists(event_ids: Iterable[UUID]) -> dict[UUID, WaitlistSummary]:
    """Return the waitlists of events, in one query; events without one are left out."""
    return {
        event_id: WaitlistSummary(
            waiting=waiting,
            lowest_min_quantity=lowest,
            most_passes=None if most is None else most + sold,
        )
        for event_id, waiting, lowest, most, sold in execute_prepared(
            connection, COUNTS, [list(event_ids)]
        )
    }


def availability_for(event: Event, *, user: Any, at: datetime) -> Availability:
    """Return what an event offers a user or visitor."""
    participation = participation_of(user.pk, event) if user.is_authenticated else Participation()
    return Availability(
        sale=sale_of(event, at=at),
        participation=participation,
        draw=draw_of(event, at=at, user=user) if event.has_pending_draw else None,
    )


OPEN_ENTRY = PreparedQuery(
    lambda event_id, user_id: WaitlistEntry.objects.open().filter(
        event_id=event_id, user_id=user_id
    ),
    event_id=UUID,
    user_id=UUID,
)
BOOKED = PreparedQuery[Any](
    lambda event_id, user_id: (
        Booking.objects.of_user(user_id)
        .holding_seats()
        .filter(event_id=event_id)
        .values_list("pk", "quantity", "status")
    ),
    event_id=UUID,
    user_id=UUID,
)


def _part_in(event_id: UUID, user_id: UUID) -> Any:
    bookings = Booking.objects.of_user(user_id).holding_seats().filter(event_id=event_id)
    entries = WaitlistEntry.objects.open().filter(event_id=event_id, user_id=user_id)
    has_part = Exists(bookings.order_by()) | Exists(entries.order_by())
    return Event.objects.filter(has_part, pk=event_id).values_list("pk")


PART_IN = PreparedQuery[Any](_part_in, event_id=UUID, user_id=UUID)


def has_part_in(event_id: UUID, user: Any) -> bool:
    """Return whether a user has seats, or an open waitlist entry, of an event."""
    return user.is_authenticated and bool(PART_IN.tuples(event_id=event_id, user_id=user.pk))


def participation_of(user_id: UUID, event: Event) -> Participation:
    entry = OPEN_ENTRY.first(event_id=event.pk, user_id=user_id)
    promotion = None
    if entry is not None and entry.has_offer:
        promotion = open_promotion_for(entry=entry)
    return Participation(booking=_booked_seats(user_id, event.pk), entry=entry, promotion=promotion)


def _booked_seats(user_id: UUID, event_id: UUID) -> BookedSeats | None:
    rows = BOOKED.tuples(event_id=event_id, user_id=user_id)
    if not rows:
        return None
    return BookedSeats(
        quantity=sum(quantity for _, quantity, _ in rows),
        is_pending=any(status == BookingStatus.PENDING for *_, status in rows),
        url=reverse("booking_detail", args=[rows[0][0]])
        if len(rows) == 1
        else reverse("my_bookings"),
    )
