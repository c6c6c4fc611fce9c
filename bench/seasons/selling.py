"""One season sold by a seller: the price rule itself (`events.pricing`), or a fixed price."""

import heapq
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count

from bench.seasons.demand import Days, Season, Seats, Visitor
from events.pricing.rule import Demand, RuleSettings, next_price, pressure

OPENED = datetime(2027, 3, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR: Days = 1 / 24
OFFER_LASTS: Days = 1.0


@dataclass(frozen=True)
class Outcome:
    """What became of a season.

    revenue: of bookings that were not cancelled. sold: their seats. priced_out: visitors to whom a
    seat was not worth its price. turned_away: those who would have paid, and got no seats.
    two_prices: visitors who would have seen another price an hour before. overpaid: seats sold at
    a price that was lower at some time after; overpaid_by: by how much at most, in all. prices:
    each with the day from which it was shown.
    """

    revenue: Decimal
    sold: Seats
    unsold: Seats
    visitors: int
    priced_out: int
    turned_away: int
    two_prices: int
    overpaid: Seats
    overpaid_by: Decimal
    prices: list[tuple[Days, Decimal]]

    @property
    def changes(self) -> int:
        return len(self.prices) - 1


@dataclass(eq=False)
class Booking:
    visitor: Visitor
    at: Days
    price: Decimal
    is_cancelled: bool = False


@dataclass(eq=False)
class Entry:
    """A place on the waitlist. seen: the price on joining, the most that an offer may cost."""

    visitor: Visitor
    seen: Decimal


@dataclass
class Sale:
    """Seats of a season, free, held or booked, and the price, which a rule may move.

    rule: None where the price is fixed. pause: days between looks of the rule at a price that it
    has just left as it is; None for the shortest interval between changes.
    """

    season: Season
    price: Decimal
    rule: RuleSettings | None = None
    pause: Days | None = None
    day: Days = 0.0
    free: Seats = field(init=False)
    bookings: list[Booking] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    priced_out: int = 0
    turned_away: int = 0

    def __post_init__(self) -> None:
        self.free = self.season.capacity
        self.prices = [(0.0, self.price)]
        self._steps: list[tuple[Days, int, Callable[[], None]]] = []
        self._numbers = count()

    def run(self) -> Outcome:
        for visitor in self.season.visitors:
            at = visitor.at
            if self.rule is not None and visitor.waits_until is not None:
                at = visitor.waits_until
            self.plan(at, partial(self.visit, visitor))
        if self.rule is not None:
            interval = self.rule.min_interval / DAY
            self.plan(interval * self.season.first_look, partial(self.look, self.rule, interval))
        while self._steps:
            self.day, _, step = heapq.heappop(self._steps)
            step()
        self.turned_away += len(self.waiting)
        return self._outcome()

    def plan(self, day: Days, step: Callable[[], None]) -> None:
        """Have something done on a day; not at all if sales have closed by then."""
        if day < self.season.days:
            heapq.heappush(self._steps, (day, next(self._numbers), step))

    def look(self, rule: RuleSettings, interval: Days) -> None:
        """Let the rule set the price."""
        price = next_price(rule, price=self.price, total=pressure(rule, self.demand()).total)
        moves = price != self.price
        if moves:
            self.price = price
            self.prices.append((self.day, price))
        pause = interval if moves or self.pause is None else self.pause
        self.plan(self.day + pause, partial(self.look, rule, interval))

    def demand(self) -> Demand:
        return Demand(
            at=OPENED + self.day * DAY,
            sales_open_at=OPENED,
            sales_close_at=OPENED + self.season.days * DAY,
            capacity=self.season.capacity,
            taken=self.season.capacity - self.free,
            sold_last_day=self.sold_since(self.day - 1),
            sold_last_week=self.sold_since(self.day - 7),
            waiting_seats=sum(entry.visitor.seats for entry in self.waiting),
        )

    def sold_since(self, day: Days) -> Seats:
        """Return the seats of bookings made after a day, without those that were cancelled."""
        start = bisect_right(self.bookings, day, key=lambda booking: booking.at)
        return sum(
            booking.visitor.seats for booking in self.bookings[start:] if not booking.is_cancelled
        )

    def visit(self, visitor: Visitor) -> None:
        if visitor.worth < self.price:
            self.priced_out += 1
        elif visitor.seats <= self.free:
            self.free -= visitor.seats
            self.book(visitor, self.price)
        elif visitor.joins:
            self.waiting.append(Entry(visitor, self.price))
        else:
            self.turned_away += 1

    def book(self, visitor: Visitor, price: Decimal) -> None:
        """Book seats that are not free any more."""
        booking = Booking(visitor, self.day, price)
        self.bookings.append(booking)
        if visitor.cancels_after is not None:
            left = self.season.days - self.day
            self.plan(self.day + left * visitor.cancels_after, partial(self.cancel, booking))

    def cancel(self, booking: Booking) -> None:
        booking.is_cancelled = True
        self.release(booking.visitor.seats)

    def release(self, seats: Seats) -> None:
        """Offer returned seats to the first entries that they suffice for."""
        self.free += seats
        for entry in list(self.waiting):
            if entry.visitor.seats <= self.free:
                self.waiting.remove(entry)
                self.free -= entry.visitor.seats
                price = min(entry.seen, self.price)
                after = entry.visitor.answers_after if entry.visitor.accepts else OFFER_LASTS
                # Offers of the last day are answered before sales close.
                answered = self.day + after * min(1, self.season.days - self.day) * 0.999
                self.plan(answered, partial(self.answer, entry.visitor, price))

    def answer(self, visitor: Visitor, price: Decimal) -> None:
        if visitor.accepts:
            self.book(visitor, price)
        else:
            self.turned_away += 1
            self.release(visitor.seats)

    def _outcome(self) -> Outcome:
        kept = [booking for booking in self.bookings if not booking.is_cancelled]
        falls = [
            (booking.visitor.seats, booking.price - lowest)
            for booking in kept
            if (lowest := self._lowest_after(booking.at)) < booking.price
        ]
        return Outcome(
            revenue=sum((booking.visitor.seats * booking.price for booking in kept), Decimal(0)),
            sold=sum(booking.visitor.seats for booking in kept),
            unsold=self.free,
            visitors=len(self.season.visitors),
            priced_out=self.priced_out,
            turned_away=self.turned_away,
            two_prices=sum(self._differed(visitor.at) for visitor in self.season.visitors),
            overpaid=sum(seats for seats, _ in falls),
            overpaid_by=sum((seats * fall for seats, fall in falls), Decimal(0)),
            prices=self.prices,
        )

    def _lowest_after(self, day: Days) -> Decimal:
        """Return the lowest price that was shown from a day on."""
        later = [price for at, price in self.prices if at > day]
        return min(later, default=self.price)

    def _differed(self, at: Days) -> bool:
        """Say whether a price was changed in the hour before."""
        return any(at - HOUR < changed <= at for changed, _ in self.prices[1:])
