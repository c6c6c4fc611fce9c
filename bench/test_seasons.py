"""The simulation of seasons sold by the price rule (`bench.seasons`)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from bench.seasons import figures, tables
from bench.seasons.__main__ import main
from bench.seasons.demand import CURVES, Season, Visitor, draw_season
from bench.seasons.selling import OPENED, Booking, Outcome, Sale
from evently.environment import BASE_DIR
from events.pricing.reasons import reason
from events.pricing.rule import Demand, Rounding, StepKind, next_price, pressure, target
from events.pricing.thresholds import next_threshold

SEASONS = 24
ANYONE = Visitor(
    at=0.0,
    seats=1,
    worth=100.0,
    cancels_after=None,
    joins=True,
    accepts=True,
    answers_after=0.5,
    waits_until=None,
)


class CheckedSale(Sale):
    """A sale that counts its seats after each step, and checks what each visitor pays."""

    held = 0

    def check(self) -> None:
        booked = sum(b.visitor.seats for b in self.bookings if not b.is_cancelled)
        assert self.free >= 0
        assert self.free + self.held + booked == self.season.capacity
        assert not any(entry.visitor.seats <= self.free for entry in self.waiting)

    def visit(self, visitor: Visitor) -> None:
        super().visit(visitor)
        self.check()

    def book(self, visitor: Visitor, price: Decimal) -> None:
        assert price <= visitor.worth
        super().book(visitor, price)

    def release(self, seats: int) -> None:
        free = self.free + seats
        super().release(seats)
        self.held += free - self.free

    def answer(self, visitor: Visitor, price: Decimal) -> None:
        self.held -= visitor.seats
        super().answer(visitor, price)
        self.check()

    def cancel(self, booking: Booking) -> None:
        super().cancel(booking)
        self.check()


@pytest.mark.parametrize("number", range(SEASONS))
def test_rule_keeps_its_promises_and_every_seat_is_accounted_for(number: int) -> None:
    season = draw_season(number, seed=1)
    rule = tables.UNKNOWN.settings(season)

    sale = CheckedSale(season, rule.base_price, rule)
    outcome = sale.run()

    assert (sale.held, outcome.sold + outcome.unsold) == (0, season.capacity)
    for (day, before), (next_day, after) in pairwise(outcome.prices):
        assert next_day - day >= 0.999 or day == 0
        assert 0 < abs(after - before) <= before / 10
    assert all(20 <= price <= 40 for _, price in outcome.prices)


def test_seasons_are_the_same_for_a_seed() -> None:
    assert draw_season(3, seed=1) == draw_season(3, seed=1) != draw_season(3, seed=2)
    assert [draw_season(number, seed=1).curve for number in range(4)] == list(CURVES)


def test_each_visitor_is_booked_priced_out_or_turned_away() -> None:
    """Three seats. By the rule, a seat costs 20, then 5 less on each of three days."""
    visitors = [
        replace(ANYONE, at=0.1, worth=19.0),
        replace(ANYONE, at=0.15),
        replace(ANYONE, at=0.2, seats=2, cancels_after=0.5),
        # Is offered one of these seats on day 5, at the price of then.
        replace(ANYONE, at=0.3),
        replace(ANYONE, at=0.4, seats=2),
        # Half an hour after the price has fallen.
        replace(ANYONE, at=0.52, joins=False),
        # Books what was too little for the two that still wait.
        replace(ANYONE, at=7.0),
    ]
    season = Season(3, 10, 1.0, "even", 0.5, visitors)
    falling = replace(
        tables.weighted(0, 0, 0),
        floor=Decimal(5),
        base_price=Decimal(5),
        max_step=Decimal(5),
        step_kind=StepKind.AMOUNT,
        rounding=Rounding(Decimal(5)),
    )

    fixed, by_rule = (Sale(season, Decimal(20), rule).run() for rule in (None, falling))

    assert fixed == Outcome(
        revenue=Decimal(60),
        sold=3,
        unsold=0,
        visitors=7,
        priced_out=1,
        turned_away=2,
        two_prices=0,
        overpaid=0,
        overpaid_by=Decimal(0),
        prices=[(0.0, Decimal(20))],
    )
    prices = [(0.0, Decimal(20)), (0.5, Decimal(15)), (1.5, Decimal(10)), (2.5, Decimal(5))]
    assert by_rule == replace(
        fixed, revenue=Decimal(30), two_prices=1, overpaid=1, overpaid_by=Decimal(15), prices=prices
    )
    assert by_rule.changes == 3


def test_figures() -> None:
    season = draw_season(0, seed=1)
    fixed = Sale(season, Decimal(30)).run()
    rows = [
        figures.Pair(season, replace(fixed, revenue=fixed.revenue * share), fixed)
        for share in (Decimal("0.9"), Decimal("1.2"))
    ]
    assert figures.gain(rows) == "+5.0 ± 29.4"
    assert figures.gain(rows[:1]) == "-10.0"
    assert figures.earned_less(rows) == "50"
    assert figures.spread(rows) == "-10 / +20 / +20"


def test_short_form_finds_what_the_docs_say() -> None:
    """A known plan earns more than the fair price, one without late demand loses under it."""
    found = tables.Seasons(2 * SEASONS, seed=1)
    late = found.with_curve("late")
    known, unknown = found.pairs(tables.RIGHT), found.pairs(tables.UNKNOWN)
    early = found.pairs(tables.Case("early", plan="early"), late)
    gains = [float(figures.gain(pairs).split()[0]) for pairs in (known, unknown, early)]
    assert gains[0] > gains[1] > 5 > 0 > gains[2]
    single = tables.of_fixed_prices(found)
    assert single[30] > 0.97 * max(single.values())


def test_command_prints_the_same_tables_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for _ in range(2):
        assert main(["--seasons", "2", "--seed", "3"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "2 seasons, seed 3" in printed[0]
    for curve in CURVES:
        assert f"\n| {curve} | " in printed[0]


def test_example_of_the_docs_has_the_numbers_of_the_rule() -> None:
    text = (BASE_DIR / "docs" / "pricing.md").read_text()
    example = text.split("### An example")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in example.splitlines() if "| " in line]
    found = {row[0]: row[-1] for row in rows}
    rule = tables.RULE
    demand = Demand(
        at=OPENED + timedelta(days=60),
        sales_open_at=OPENED,
        sales_close_at=OPENED + timedelta(days=90),
        capacity=200,
        taken=164,
        sold_last_day=3,
        sold_last_week=16,
    )
    parts, now = pressure(tables.weighted(100, 100, 100), demand), pressure(rule, demand)
    first = next_price(rule, price=rule.base_price, total=now.total)
    second = next_price(rule, price=first, total=now.total)
    rise = next_threshold(rule, demand, price=second)

    assert (
        found["planned: F(60 ÷ 90)"] == f"{float(rule.plan.share(demand.elapsed(demand.at))):.1%}"
    )
    assert found["*sold*"] == f"{float(parts.sold):.3f}"
    assert found["*pace*"] == f"{float(parts.pace):.3f}"
    assert found["pressure p"] == f"{float(now.total):.3f}"
    assert found["target"] == f"{target(rule, now.total):.2f}"
    assert found["price"] == f"{first:.2f}"
    said = " ".join(example.split())
    assert f'"{reason(demand, now, old=rule.base_price, new=first)}".' in said
    assert f"would be €{second:.2f} a day later, and stay" in said
    assert next_price(rule, price=second, total=now.total) == second
    assert rise is not None
    assert rise.seats == 1
    assert f'"From €{rise.price:.2f} after 1 more seat' in said
