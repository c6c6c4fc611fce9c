"""Records of waitlists for tests, as the database would write them, without a database."""

import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.machinery import SourceFileLoader
from pathlib import Path
from random import Random

from tests.line_draws import Draws, written
from waitlists.choosing import choose_entries

SCRIPT = Path(__file__).parents[1] / "script" / "check_line"
EVENT = "0198c0de-0000-7000-8000-00000000c0de"
START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def load_script():
    """Return script/check_line as a module; its name has no .py, so it cannot be imported."""
    loader = SourceFileLoader("check_line", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_line", loader))
    sys.modules["check_line"] = module  # dataclasses look their module up
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


def hash_of(record: dict) -> str:
    members = {name: record[name] for name in sorted(record) if name != "hash"}
    text = json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal(records: Iterable[dict]) -> list[dict]:
    """Return the records with new numbers, and with hashes that fit."""
    sealed = []
    prev = hashlib.sha256(EVENT.encode()).hexdigest()
    for seq, record in enumerate(records, 1):
        line = record | {"seq": seq, "prev": prev}
        line["hash"] = prev = hash_of(line)
        sealed.append(line)
    return sealed


def document(records: list[dict]) -> str:
    whole = {"format": "evently-line-record-1", "event": EVENT, "records": records}
    return json.dumps(whole, ensure_ascii=False)


@dataclass(eq=False)
class Place:
    """An entry of the simulated waitlist, with the names that `choose_entries` reads."""

    ref: str
    quantity: int
    min_quantity: int
    score: int
    rank: str
    is_confirmed: bool
    joined: int
    passes: int = 0
    waits: bool = True
    held: int = 0
    until: datetime = START
    latest: datetime | None = None


class Simulator(Draws):
    """A waitlist that keeps the rules, at random, and writes its record.

    states: after each line, the positions by ref, and the free seats.
    """

    def __init__(self, seed: int, *, skips: int | None = 3) -> None:
        self.random = Random(seed)
        self.records: list[dict] = []
        self.states: list[tuple[dict, int]] = []
        self.skips = skips
        self.now = START
        self.closes = START + timedelta(days=self.random.choice([2, 30]))
        self.capacity = self.random.randint(6, 14)
        self.free = self.random.randint(0, 1)
        self.booked = self.capacity - self.free
        self.places: list[Place] = []
        self.is_open = False
        self.reserving: str | None = None

    def waiting(self) -> list[Place]:
        waiting = [place for place in self.places if place.waits]
        return sorted(waiting, key=lambda place: (-place.score, place.rank, place.joined))

    def offered(self) -> list[Place]:
        return [place for place in self.places if place.held]

    def write(self, kind: str, place: Place | None = None, **members) -> None:
        """Append a line about the state as it is now."""
        line = {"kind": kind, "at": written(self.now)}
        if place is not None:
            line["ref"] = place.ref
            if kind in ("joined", "changed"):
                line |= {"seats": place.quantity, "least": place.min_quantity}
            if kind in ("joined", "changed", "moved"):
                line["kind"] = kind.replace("moved", "override")
                line["position"] = self.waiting().index(place) + 1
                line |= {"score": place.score, "rank": place.rank}
            if kind == "joined":
                line["confirmed"] = place.is_confirmed
        if kind in ("opened", "rules"):
            line |= {"until": written(self.closes)}
            line |= {} if self.skips is None else {"skips": self.skips}
        if kind in ("opened", "capacity"):
            line["capacity"] = self.capacity
        if kind in (*FREEING, "booked", "offered"):
            line["free"] = self.free
        self.records.append(line | members)
        positions = {place.ref: number for number, place in enumerate(self.waiting(), 1)}
        has_opened = any(line["kind"] == "opened" for line in self.records)
        self.states.append((positions, self.free if has_opened else 0))
        self.now += timedelta(microseconds=self.random.randint(0, 2))

    def first_reserving(self) -> str | None:
        if self.skips is None or self.now >= self.closes - timedelta(hours=24):
            return None
        for place in self.waiting():
            fits_event = place.min_quantity <= self.capacity
            if place.is_confirmed and fits_event and place.passes >= self.skips:
                return place.ref
        return None

    def makes_offers(self) -> bool:
        return self.draw is None and self.is_before_end()

    def is_before_end(self) -> bool:
        return self.now < self.closes - timedelta(minutes=5)

    def promote(self) -> None:
        """Make the offers that are due, by the real rule, and say who reserves."""
        reserves = self.now < self.closes - timedelta(hours=24)
        chosen = choose_entries(
            self.waiting() if self.makes_offers() else [],
            free=self.free,
            capacity=self.capacity,
            max_passes=self.skips if reserves else None,
        )
        cause = next(line for line in reversed(self.records) if line["kind"] in FREEING)
        for choice in chosen:
            self.offer(choice.entry, choice.seats, cause=self.records.index(cause) + 1)
        self.settle()

    def offer(self, place: Place, seats: int, **members) -> None:
        for other in self.waiting():
            if other is place:
                break
            other.passes += other.is_confirmed
        place.waits, place.held = False, seats
        place.until = min(self.now + timedelta(minutes=self.random.randint(5, 300)), self.closes)
        place.latest = place.until + (place.until - self.now)
        self.free -= seats
        self.write("offered", place, seats=seats, until=written(place.until), **members)

    def settle(self) -> None:
        first = self.first_reserving()
        if first != self.reserving and first is not None:
            self.write("reserved", next(place for place in self.places if place.ref == first))
        self.reserving = first
        if self.is_open and not self.waiting() and not self.offered():
            self.write("closed")
            self.is_open, self.reserving = False, None

    def step(self) -> None:
        """Do one thing that the rules allow."""
        self.now += timedelta(seconds=self.random.choice([1, 60, 600, 20_000]))
        overdue = [place for place in self.offered() if place.until <= self.now]
        if overdue:
            self.end_offer(overdue[0], "lapsed")
        elif self.step_draw():
            pass
        elif not self.is_open or self.random.random() < 0.3:
            self.join()
        else:
            often = [self.book, self.cancel, self.answer] * 2
            seldom = [self.leave, self.confirm, self.lower, self.move, self.by_hand, self.edit]
            seldom += [self.extend] * 2
            self.random.choice(often + seldom)()

    def join(self) -> None:
        if not self.is_before_end():
            return
        if not self.is_open:
            most = self.random.randint(1, self.capacity)
            self.free = most if self.draw else min(self.free, 1)
            self.booked, self.is_open = self.capacity - self.free, True
            self.write("opened")
        quantity = self.random.randint(2, 4)
        place = Place(
            ref=f"{self.random.getrandbits(64):016x}",
            quantity=quantity,
            min_quantity=self.random.randint(2, quantity),
            score=self.random.choice([0, 0, 0, -1]),
            rank=written(self.now),
            is_confirmed=self.random.random() < 0.8,
            joined=len(self.records),
        )
        self.places.append(place)
        self.write("joined", place)
        self.promote()

    def pick(self, places: list[Place]) -> Place | None:
        return self.random.choice(places) if places else None

    def leave(self) -> None:
        if place := self.pick(self.waiting()):
            place.waits = False
            self.write("left", place)
            self.promote()

    def confirm(self) -> None:
        if place := self.pick([place for place in self.waiting() if not place.is_confirmed]):
            place.is_confirmed, place.passes = True, 0
            self.write("confirmed", place)
            self.promote()

    def lower(self) -> None:
        if place := self.pick([place for place in self.waiting() if place.min_quantity > 1]):
            place.min_quantity -= 1
            self.write("changed", place)
            self.promote()

    def book(self) -> None:
        fits = any(p.is_confirmed and p.min_quantity <= self.free for p in self.waiting())
        is_kept = self.makes_offers() and (fits or self.first_reserving())
        if self.free and not is_kept and self.draw is None:
            seats = self.random.randint(1, self.free)
            self.free, self.booked = self.free - seats, self.booked + seats
            for place in self.waiting():
                place.passes += place.is_confirmed
            self.write("booked", seats=seats)
            self.settle()

    def cancel(self) -> None:
        if self.booked:
            seats = self.random.randint(1, min(4, self.booked))
            self.free, self.booked = self.free + seats, self.booked - seats
            self.write("cancelled", seats=seats)
            self.promote()

    def answer(self) -> None:
        if place := self.pick(self.offered()):
            self.end_offer(place, self.random.choice(["used", "used", "declined"]))

    def end_offer(self, place: Place, kind: str) -> None:
        held, place.held = place.held, 0
        used = self.random.randint(1, held) if kind == "used" else 0
        self.free, self.booked = self.free + held - used, self.booked + used
        self.write(kind, place, **({"seats": used} if used else {}))
        rest = place.quantity - held
        if kind != "lapsed" and rest and used in (0, held):
            place.waits, place.passes = True, 0
            place.min_quantity = held + 1 if kind == "declined" else 1
            place.quantity = rest if used else place.quantity
            self.write("changed", place)
        self.promote()

    def extend(self) -> None:
        """Move the end of an offer, once: the email about it came late."""
        place = self.pick([place for place in self.offered() if place.latest])
        if place and place.until < (until := min(place.latest, self.closes)):
            place.until, place.latest = until, None
            self.write("extended", place, until=written(until))

    def move(self) -> None:
        waiting = self.waiting()
        if len(waiting) > 1:
            place = waiting[-1]
            place.score = waiting[0].score + 1
            self.write("moved", place, reason="“Première” für Zoë\n\t\\ \u2028 \x7f 🎟")
            self.promote()

    def by_hand(self) -> None:
        fitting = [place for place in self.waiting() if place.min_quantity <= self.free]
        if self.makes_offers() and (place := self.pick(fitting)):
            seats = self.random.randint(place.min_quantity, min(place.quantity, self.free))
            self.write("override", place, seats=seats, reason="She broke her leg")
            self.offer(place, seats)
            self.promote()

    def edit(self) -> None:
        if self.random.random() < 0.5:
            self.skips = self.random.choice([None, 0, 1, 3])
            self.closes -= timedelta(hours=self.random.choice([0, 0, 5]))
            for place in self.offered():
                place.until = min(place.until, self.closes)
            self.write("rules")
        else:
            more = self.random.choice([-1, 1, 2]) if self.free else 1
            self.capacity, self.free = self.capacity + more, self.free + more
            self.write("capacity")
        self.promote()


FREEING = ("opened", "cancelled", "capacity", "used", "declined", "lapsed")
