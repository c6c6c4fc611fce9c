"""How an event stands for a visitor: one answer for cards, pages, the checkout and the API.

The waitlist belongs to a higher app, which registers how it is counted (`count_waitlists_with`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from evently.formatting import counted, day_and_time, moment, seats
from events.models import Event, PaymentMode

FEW = 10
# No offers are made in the last minutes of a waitlist, so that free seats are on sale again; and
# no entry reserves seats in its last hours. As in `evently_line_comes_first`.
LAST_OFFERS = timedelta(minutes=5)
RESERVES_UNTIL = timedelta(hours=24)


class SaleState(StrEnum):
    """What a visitor can do about an event's seats, or why nothing."""

    DRAFT = "draft"
    BEFORE_SALES = "before_sales"
    ON_SALE = "on_sale"
    FEW_LEFT = "few_left"
    WAITLIST_FIRST = "waitlist_first"
    DRAW = "draw"
    SOLD_OUT = "sold_out"
    SALES_ENDED = "sales_ended"
    RUNNING = "running"
    OVER = "over"
    CANCELLED = "cancelled"


BOOKABLE = (SaleState.ON_SALE, SaleState.FEW_LEFT)
JOINABLE = (SaleState.WAITLIST_FIRST, SaleState.DRAW, SaleState.SOLD_OUT)


@dataclass(frozen=True)
class WaitlistSummary:
    """The waitlist of an event in numbers.

    waiting: entries. lowest_min_quantity: the smallest number of free seats that can be offered
    to one of them; None if no confirmed one waits. most_passes: how often the one passed most was
    passed, of those that the event has enough seats for, or more where that is too few to reserve;
    None if there is none.
    """

    waiting: int = 0
    lowest_min_quantity: int | None = None
    most_passes: int | None = None

    def comes_first(self, event: Event, *, at: datetime) -> bool:
        """Tell whether the event's free seats are the waitlist's: the rule of trg_waitlist_first.

        Either an entry fits, or one was passed too often and reserves (`waitlists.choosing`).
        """
        left = event.line_closes_at - at
        if self.lowest_min_quantity is None or left < LAST_OFFERS:
            return False
        if self.lowest_min_quantity <= event.available_seats:
            return True
        return (
            event.max_passes is not None
            and self.most_passes is not None
            and self.most_passes >= event.max_passes
            and left > RESERVES_UNTIL
        )


Counter = Callable[[Iterable[UUID]], Mapping[UUID, WaitlistSummary]]
_counters: list[Counter] = []


def count_waitlists_with(counter: Counter) -> None:
    """Register how waitlists are counted; the counter leaves out events without one."""
    _counters[:] = [counter]


def waitlist_summaries(event_ids: Iterable[UUID]) -> Mapping[UUID, WaitlistSummary]:
    """Return the waitlists of events, in one query; events without one are left out."""
    return _counters[0](event_ids) if _counters else {}


@dataclass(frozen=True)
class Sale:
    """An event's seats and their sale at a time.

    waiting: waitlist entries. most_per_booking: the most seats of one booking, fewer while people
    wait (`trg_booking_place_limit`). closed_text: why it takes no bookings, or "".
    """

    state: SaleState
    available: int
    total: int
    waiting: int
    most_per_booking: int
    label: str
    closed_text: str

    @property
    def can_book(self) -> bool:
        return self.state in BOOKABLE

    @property
    def can_join(self) -> bool:
        """Whether the waitlist can be joined, apart from who asks."""
        return self.state in JOINABLE

    @property
    def is_drawn(self) -> bool:
        """Whether the seats wait for a draw."""
        return self.state is SaleState.DRAW

    @property
    def is_open(self) -> bool:
        """Whether seats can be booked or waited for."""
        return self.can_book or self.can_join

    @property
    def can_still_buy(self) -> bool:
        """Whether seats can be booked or waited for, now or once sales open."""
        return self.is_open or self.state is SaleState.BEFORE_SALES

    @property
    def taken(self) -> int:
        return self.total - self.available

    @property
    def tone(self) -> str:
        """How the label is coloured: "few", "full", "closed", or "" for seats on sale."""
        if self.can_join:
            return "full"
        if not self.is_open:
            return "closed"
        return "few" if self.state is SaleState.FEW_LEFT else ""


def sale_of(event: Event, *, at: datetime, waitlist: WaitlistSummary | None = None) -> Sale:
    """Return how an event stands at a time. waitlist: counted here unless it is given."""
    if waitlist is None:
        waitlist = waitlist_summaries([event.pk]).get(event.pk, WaitlistSummary())
    state = _state(event, at=at, waitlist=waitlist)
    return Sale(
        state=state,
        available=event.available_seats,
        total=event.total_capacity,
        waiting=waitlist.waiting,
        most_per_booking=event.max_per_booking
        if waitlist.lowest_min_quantity is None
        else event.place_limit,
        label=_label(event, state, waitlist=waitlist, at=at),
        closed_text="" if state in BOOKABLE + JOINABLE else closed_text(event, at=at),
    )


def sales_of(events: Iterable[Event], *, at: datetime) -> dict[UUID, Sale]:
    """Return how events stand at a time; one query for all their waitlists."""
    events = list(events)
    waitlists = waitlist_summaries([event.pk for event in events]) if events else {}
    return {
        event.pk: sale_of(event, at=at, waitlist=waitlists.get(event.pk, WaitlistSummary()))
        for event in events
    }


def closed_text(event: Event, *, at: datetime) -> str:
    """Return why an event takes no bookings at a time, in a sentence."""
    if event.is_cancelled:
        return "This event is cancelled."
    if event.is_over(at=at):
        return "This event is over."
    if event.has_started(at=at):
        return "This event is on now, so bookings are closed."
    if event.is_before_sales(at=at):
        return f"Bookings open on {moment(event.sales_start_at, event.zone)}."
    if event.payment_mode == PaymentMode.TRANSFER and event.is_on_sale(at=at):
        return "Payment by transfer is not available yet."
    closed = "Bookings for this event are closed."
    if event.is_line_open(at=at):
        closed += " Seats that are cancelled are offered to the waitlist until the start."
    return closed


def _state(event: Event, *, at: datetime, waitlist: WaitlistSummary) -> SaleState:
    if event.is_cancelled:
        return SaleState.CANCELLED
    if event.is_over(at=at):
        return SaleState.OVER
    if not event.is_published:
        return SaleState.DRAFT
    if event.has_started(at=at):
        return SaleState.RUNNING
    if event.is_before_sales(at=at):
        return SaleState.BEFORE_SALES
    if not event.is_on_sale(at=at) or event.payment_mode == PaymentMode.TRANSFER:
        return SaleState.SALES_ENDED
    if event.has_pending_draw:
        return SaleState.DRAW
    if event.available_seats == 0:
        return SaleState.SOLD_OUT
    if waitlist.comes_first(event, at=at):
        return SaleState.WAITLIST_FIRST
    return SaleState.FEW_LEFT if event.available_seats <= FEW else SaleState.ON_SALE


def _label(event: Event, state: SaleState, *, waitlist: WaitlistSummary, at: datetime) -> str:
    left = event.available_seats
    if state is SaleState.BEFORE_SALES:
        return f"On sale from {moment(event.sales_start_at, event.zone)}"
    if state is SaleState.DRAW:
        return _draw_label(event, at=at)
    return {
        SaleState.DRAFT: "Draft",
        SaleState.ON_SALE: f"{seats(left)} left",
        SaleState.FEW_LEFT: f"Only {seats(left)} left",
        SaleState.WAITLIST_FIRST: f"{counted(left, 'seat')} left, kept for the waitlist",
        SaleState.SOLD_OUT: "Sold out",
        SaleState.SALES_ENDED: "Bookings closed",
        SaleState.RUNNING: "On now",
        SaleState.OVER: "Over",
        SaleState.CANCELLED: "Cancelled",
    }[state]


def _draw_label(event: Event, *, at: datetime) -> str:
    if event.draw_closes_at is None or event.draw_closes_at <= at:
        return "Draw under way"
    until = day_and_time(event.draw_closes_at, event.zone, now=at)
    return f"Seats are drawn: join until {until}"
