"""Who returns seats, waits and visits in a season, drawn at random."""

from dataclasses import dataclass
from random import Random

CAPACITY = 100
DAYS = 45.0
PARTY = 4

Seats = int
Day = float


@dataclass(eq=False)
class Entry:
    """A place on the waitlist, as `waitlists.choosing` reads it. joined: day of the season.

    accepts: whether it books what it is offered, after a share of the time (`answers_after`); if
    not, it lets the offer expire. keeps_rest: whether it waits on for what it was not offered.
    attacks: whether it is one of `Head`.
    """

    quantity: int
    min_quantity: int
    joined: Day
    accepts: bool
    answers_after: float
    is_confirmed: bool = True
    keeps_rest: bool = False
    attacks: bool = False
    passes: int = 0
    offered: Day | None = None
    booked: Seats = 0


@dataclass(frozen=True)
class Head:
    """Places of an attacker, who joins before all others and answers an offer at once or never."""

    places: int
    quantity: int
    min_quantity: int
    accepts: bool
    is_confirmed: bool = True
    keeps_rest: bool = False

    def entries(self) -> list[Entry]:
        return [
            Entry(
                quantity=self.quantity,
                min_quantity=self.min_quantity,
                joined=0.0,
                accepts=self.accepts,
                answers_after=0.0,
                is_confirmed=self.is_confirmed,
                keeps_rest=self.keeps_rest,
                attacks=True,
            )
            for _ in range(self.places)
        ]


@dataclass(frozen=True)
class Mix:
    """What a season is drawn from. parties: share of those who wait that want four seats."""

    name: str
    parties: float = 0.2
    waiting: int = 50
    visitors: int = 60
    returned: Seats = 25
    acceptance: float = 0.6
    head: Head | None = None


@dataclass(frozen=True)
class Draw:
    """One season before any rule. Those who wait are in the order of joining."""

    returns: list[tuple[Day, Seats]]
    head: list[Entry]
    honest: list[Entry]
    visits: list[tuple[Day, Seats]]


def draw_season(mix: Mix, chance: Random) -> Draw:
    """Return a season of a sold-out event; the same for the same state of `chance`.

    Bookings are of one, two or four seats (45, 45 and 10 %); each is cancelled with the same
    probability, more often late than early. People join more often early than late, visitors come
    evenly. Who wants fewer than four seats wants one or two (two thirds and a third).
    """
    returns: list[tuple[Day, Seats]] = []
    left = CAPACITY
    while left:
        seats = min(chance.choices([1, 2, PARTY], [45, 45, 10])[0], left)
        left -= seats
        if chance.random() < mix.returned / CAPACITY:
            returns.append((chance.betavariate(1.6, 1) * DAYS, seats))
    honest = [_draw_entry(mix, chance) for _ in range(mix.waiting)]
    return Draw(
        returns=returns,
        head=mix.head.entries() if mix.head else [],
        honest=sorted(honest, key=lambda entry: entry.joined),
        visits=[(chance.random() * DAYS, chance.choice([1, 1, 2])) for _ in range(mix.visitors)],
    )


def _draw_entry(mix: Mix, chance: Random) -> Entry:
    quantity = PARTY if chance.random() < mix.parties else chance.choice([1, 1, 2])
    return Entry(
        quantity=quantity,
        min_quantity=quantity,
        joined=chance.betavariate(1, 1.6) * DAYS,
        accepts=chance.random() < mix.acceptance,
        answers_after=chance.random(),
    )
