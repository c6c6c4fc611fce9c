"""What a season is drawn from: how many visitors come, when, and what a seat is worth to them."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import exp, log
from random import Random
from statistics import NormalDist

from events.pricing.plan import BOTH_ENDS, EARLY, EVEN, LATE, SalesPlan

Days = float
Seats = int

CURVES = {
    "even": SalesPlan(EVEN),
    "late": SalesPlan(LATE),
    "early": SalesPlan(EARLY),
    "both ends": SalesPlan(BOTH_ENDS),
}
# About the best single price for all seasons together (`tables.of_fixed_prices`).
FAIR_PRICE = 30.0
LOWEST_DEMAND, HIGHEST_DEMAND = 0.5, 3.0
# What a seat is worth to a visitor is lognormal: near the fair price, 2.2 % fewer pay 1 % more.
MEDIAN_WORTH, SPREAD = 26.0, 0.45
SEATS, SEAT_WEIGHTS = (1, 2, 3, 4), (25, 50, 10, 15)
MEAN_SEATS = sum(seats * weight for seats, weight in zip(SEATS, SEAT_WEIGHTS, strict=True)) / 100
CAPACITIES, LENGTHS = (60, 120, 240), (20, 45, 90)
CANCELLING, JOINING, ACCEPTING = 0.08, 0.5, 0.7


@dataclass(frozen=True)
class Visitor:
    """An attendee to be, who comes once and books if a seat is worth its price.

    at: days since sales opened. worth: of a seat, in the event's currency. cancels_after: the share
    of the time left until sales close after which the booking is cancelled; None if it never is.
    joins, accepts: whether they join the waitlist, and book what they are offered. answers_after:
    days, at most 1. waits_until: the day on which they come instead where prices move.
    """

    at: Days
    seats: Seats
    worth: float
    cancels_after: float | None
    joins: bool
    accepts: bool
    answers_after: Days
    waits_until: Days | None


@dataclass(frozen=True)
class Season:
    """An event on sale for so many days, with everyone who comes.

    demand: seats wanted at the fair price, per seat of the event. curve: a name of `CURVES`.
    first_look: when a rule is first evaluated, as a share of its interval.
    """

    capacity: Seats
    days: int
    demand: float
    curve: str
    first_look: float
    visitors: list[Visitor]


@dataclass(frozen=True)
class Market:
    """What all seasons have in common.

    late_worth: how much more a seat is worth to the last visitors than to the first, as a share.
    waiting: the share of visitors who, where prices move, wait for the last tenth of the sale.
    """

    late_worth: float = 0.0
    waiting: float = 0.0


MARKET = Market()


def draw_season(number: int, *, seed: int, market: Market = MARKET) -> Season:
    """Return a season; the same for the same number and seed. Curves take turns."""
    chance = Random(f"{seed} {number}")
    curve = list(CURVES)[number % len(CURVES)]
    capacity, days = chance.choice(CAPACITIES), chance.choice(LENGTHS)
    demand = exp(chance.uniform(log(LOWEST_DEMAND), log(HIGHEST_DEMAND)))
    visitors = round(demand * capacity / (MEAN_SEATS * share_that_pays(FAIR_PRICE)))
    # Some days bring many more than others: a newsletter, a review, rain.
    weights = [weight * chance.gammavariate(2, 0.5) for weight in _by_day(CURVES[curve], days)]
    came = [
        day + chance.triangular(0, 16, 11) / 24
        for day in chance.choices(range(days), weights, k=visitors)
    ]
    return Season(
        capacity=capacity,
        days=days,
        demand=demand,
        curve=curve,
        first_look=chance.random(),
        visitors=[_draw_visitor(at, days, market, chance) for at in sorted(came)],
    )


def share_that_pays(price: float) -> float:
    """Return the share of visitors to whom a seat is worth a price."""
    return 1 - NormalDist(log(MEDIAN_WORTH), SPREAD).cdf(log(price))


def _by_day(curve: SalesPlan, days: int) -> list[float]:
    until = [curve.share(Fraction(day, days)) for day in range(days + 1)]
    return [float(after - before) for before, after in pairwise(until)]


def _draw_visitor(at: Days, days: int, market: Market, chance: Random) -> Visitor:
    worth = MEDIAN_WORTH * exp(chance.gauss(0, SPREAD))
    waits, last_tenth = chance.random() < market.waiting, chance.uniform(0.9, 1) * days
    return Visitor(
        at=at,
        seats=chance.choices(SEATS, SEAT_WEIGHTS)[0],
        worth=worth * (1 + market.late_worth * at / days),
        cancels_after=chance.random() if chance.random() < CANCELLING else None,
        joins=chance.random() < JOINING,
        accepts=chance.random() < ACCEPTING,
        answers_after=chance.random(),
        waits_until=last_tenth if waits and at < last_tenth else None,
    )
