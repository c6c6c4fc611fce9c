"""One season under one rule: who is offered seats, and what is sold to the public."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import count

from bench.line_rules.mixes import CAPACITY, DAYS, Day, Draw, Entry, Seats
from events.models import Event
from waitlists.choosing import choose_entries, may_sell_to_public
from waitlists.claim_windows import offer_window

# A Saturday evening.
EVENT = Event(event_date=datetime(2027, 5, 15, 20, tzinfo=UTC), timezone="UTC")
STARTS_AT = EVENT.event_date - timedelta(days=DAYS)
LAST_DAY = DAYS - 1
STEPS_A_DAY = 24 * 4


@dataclass(frozen=True)
class Rule:
    """A rule of the waitlist. max_passes: as in `choose_entries`.

    reserves_until: the day from which no entry reserves. windows_shrink: whether the time to claim
    an offer depends on how many wait.
    """

    name: str
    max_passes: int | None
    reserves_until: Day = LAST_DAY
    windows_shrink: bool = True


@dataclass(frozen=True)
class Outcome:
    """What became of a season.

    honest: entries that joined the waitlist, without people who found seats and booked them.
    sold_past: seats sold to the public while confirmed entries waited. idle, held_by_head: seats
    times days on which they were free, or held by an offer to an attacker.
    """

    honest: list[Entry]
    head: list[Entry]
    sold_past: Seats
    idle: float
    held_by_head: float
    unsold: Seats


class Season:
    """A sold-out event from 45 days before until its start; seats are free, held or booked."""

    def __init__(self, draw: Draw, rule: Rule) -> None:
        self.draw, self.rule = draw, rule
        self.day: Day = 0.0
        self.free: Seats = 0
        self.held: Seats = 0
        self.booked: Seats = CAPACITY
        self.waiting: list[Entry] = []
        self.joined: list[Entry] = []
        self.sold_past: Seats = 0
        self.idle = 0.0
        self.held_by_head = 0.0
        self._steps: list[tuple[Day, int, Callable[[], None]]] = []
        self._numbers = count()

    def run(self) -> Outcome:
        for entry in self.draw.head:
            self.plan(entry.joined, partial(self.join, entry))
        for entry in self.draw.honest:
            self.plan(entry.joined, partial(self.join, entry))
        for day, seats in self.draw.returns:
            self.plan(day, partial(self.cancel, seats))
        for day, seats in self.draw.visits:
            self.plan(day, partial(self.visit, seats))
        if self.rule.reserves_until < DAYS:
            self.plan(self.rule.reserves_until, self.offer_seats)
        while self._steps:
            day, _, step = heapq.heappop(self._steps)
            self.idle += self.free * (day - self.day)
            self.day = day
            step()
        return Outcome(
            honest=[entry for entry in self.joined if not entry.attacks],
            head=self.draw.head,
            sold_past=self.sold_past,
            idle=self.idle,
            held_by_head=self.held_by_head,
            unsold=self.free,
        )

    def plan(self, day: Day, step: Callable[[], None]) -> None:
        heapq.heappush(self._steps, (day, next(self._numbers), step))

    @property
    def max_passes(self) -> int | None:
        return self.rule.max_passes if self.day < self.rule.reserves_until else None

    def cancel(self, seats: Seats) -> None:
        self.booked -= seats
        self.free += seats
        self.offer_seats()

    def join(self, entry: Entry) -> None:
        if self.may_buy(entry.quantity):
            self.sell(entry.quantity)
            return
        self.joined.append(entry)
        self.waiting.append(entry)
        self.offer_seats()

    def visit(self, seats: Seats) -> None:
        if self.may_buy(seats):
            self.sell(seats)

    def may_buy(self, seats: Seats) -> bool:
        return seats <= self.free and may_sell_to_public(
            self.waiting, free=self.free, capacity=CAPACITY, max_passes=self.max_passes
        )

    def sell(self, seats: Seats) -> None:
        self.free -= seats
        self.booked += seats
        passed = [entry for entry in self.waiting if entry.is_confirmed]
        count_pass(passed)
        if passed:
            self.sold_past += seats

    def offer_seats(self) -> None:
        confirmed = sum(entry.is_confirmed for entry in self.waiting)
        expires = window_end(self.day, confirmed if self.rule.windows_shrink else 0)
        if expires is None:
            return
        for choice in choose_entries(
            self.waiting, free=self.free, capacity=CAPACITY, max_passes=self.max_passes
        ):
            self.offer(choice.entry, choice.seats, expires)

    def offer(self, entry: Entry, seats: Seats, expires: Day) -> None:
        place = self.waiting.index(entry)
        count_pass([before for before in self.waiting[:place] if before.is_confirmed])
        del self.waiting[place]
        self.free -= seats
        self.held += seats
        if entry.offered is None:
            entry.offered = self.day
        share = entry.answers_after if entry.accepts else 1.0
        answered = self.day + (expires - self.day) * share
        self.plan(answered, partial(self.answer, entry, seats, self.day))

    def answer(self, entry: Entry, seats: Seats, offered: Day) -> None:
        self.held -= seats
        if entry.attacks:
            self.held_by_head += seats * (self.day - offered)
        if entry.accepts:
            self.booked += seats
            entry.booked += seats
            if entry.keeps_rest and seats < entry.quantity:
                self.wait_for_rest(entry, entry.quantity - seats)
        else:
            self.free += seats
        self.offer_seats()

    def wait_for_rest(self, entry: Entry, rest: Seats) -> None:
        """Put an entry back in the place that it had."""
        entry.quantity, entry.min_quantity = rest, min(entry.min_quantity, rest)
        self.waiting.append(entry)
        self.waiting.sort(key=self.joined.index)


def count_pass(entries: list[Entry]) -> None:
    for entry in entries:
        entry.passes += 1


def window_end(day: Day, waiting: int) -> Day | None:
    """Return the day on which an offer expires; None if none can be made any more.

    Before the last day, offers count as made at the last full quarter of an hour: this saves most
    of the time that a simulation takes.
    """
    return _window_end(int(day * STEPS_A_DAY) / STEPS_A_DAY if day < LAST_DAY else day, waiting)


@cache
def _window_end(day: Day, waiting: int) -> Day | None:
    window = offer_window(EVENT, at=STARTS_AT + timedelta(days=day), waiting=waiting)
    return None if window is None else (window.expires_at - STARTS_AT) / timedelta(days=1)
