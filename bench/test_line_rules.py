"""The simulation of the waitlist's rules (`bench.line_rules`)."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from bench.line_rules import tables
from bench.line_rules.__main__ import main
from bench.line_rules.figures import mean_of, median_wait, simulate, with_interval
from bench.line_rules.mixes import CAPACITY, DAYS, Draw, Entry, Mix, draw_season
from bench.line_rules.season import LAST_DAY, Outcome, Rule, Season

SEASONS = 20
MIXES = [
    tables.BASE,
    *tables.OTHER_MIXES,
    replace(tables.BASE, head=replace(tables.FAKES, is_confirmed=False)),
    replace(tables.BASE, head=replace(tables.GREEDY, keeps_rest=True)),
    replace(tables.BASE, head=tables.BLOCKER),
]


class CheckedSeason(Season):
    """A season that checks, by a count of passes of its own, that the rule was kept."""

    def __init__(self, draw: Draw, rule: Rule) -> None:
        super().__init__(draw, rule)
        self.passes: dict[Entry, int] = dict.fromkeys([*draw.head, *draw.honest], 0)
        self.acts = 0

    def reserves(self, entry: Entry) -> bool:
        limit = None if self.day >= LAST_DAY else self.rule.max_passes
        return limit is not None and entry.is_confirmed and self.passes[entry] >= limit

    def fits(self, entry: Entry) -> bool:
        return entry.is_confirmed and entry.min_quantity <= self.free

    def pass_all(self, entries: list[Entry]) -> None:
        for entry in entries:
            assert not self.fits(entry)
            assert not self.reserves(entry)
            self.passes[entry] += entry.is_confirmed

    def offer(self, entry: Entry, seats: int, expires: float) -> None:
        assert self.fits(entry)
        assert seats == min(entry.quantity, self.free)
        assert self.day < expires <= DAYS
        before = self.waiting[: self.waiting.index(entry)]
        if self.rule.max_passes == 0 and self.day < LAST_DAY:
            assert not any(other.is_confirmed for other in before)
        self.pass_all(before)
        self.acts += 1
        super().offer(entry, seats, expires)

    def sell(self, seats: int) -> None:
        assert seats <= self.free
        self.pass_all(self.waiting)
        self.acts += 1
        super().sell(seats)

    def plan(self, day: float, step: Callable[[], None]) -> None:
        def checked() -> None:
            step()
            self.check()

        super().plan(day, checked)

    def check(self) -> None:
        """After each step all seats are accounted for, and none fits an entry that may have it."""
        assert min(self.free, self.held, self.booked) >= 0
        assert self.free + self.held + self.booked == CAPACITY
        assert self.waiting == sorted(self.waiting, key=self.joined.index)
        if self.day < DAYS:
            for entry in self.waiting:
                if self.reserves(entry):
                    break
                assert not self.fits(entry)


@pytest.mark.parametrize("mix", MIXES, ids=range(len(MIXES)))
@pytest.mark.parametrize("rule", tables.RULES, ids=[rule.name for rule in tables.RULES])
def test_rule_is_kept_in_each_season(mix: Mix, rule: Rule) -> None:
    acts = 0
    for number in range(SEASONS):
        season = CheckedSeason(draw_season(mix, Random(number)), rule)
        season.run()
        assert season.held == 0
        assert {entry: entry.passes for entry in season.passes} == season.passes
        acts += season.acts
    assert acts > SEASONS


def days_of_offers(outcomes: list[Outcome]) -> list[list[float | None]]:
    return [[entry.offered for entry in outcome.honest] for outcome in outcomes]


def test_seasons_are_the_same_for_a_seed() -> None:
    first, second, other = (
        simulate(tables.BASE, tables.BOUNDED, seasons=SEASONS, seed=seed) for seed in (1, 1, 2)
    )
    assert days_of_offers(first) == days_of_offers(second) != days_of_offers(other)


def test_unconfirmed_places_change_nothing() -> None:
    fakes = replace(tables.BASE, head=replace(tables.FAKES, is_confirmed=False))
    without, with_fakes = (
        simulate(mix, tables.BOUNDED, seasons=SEASONS, seed=1) for mix in (tables.BASE, fakes)
    )
    assert days_of_offers(without) == days_of_offers(with_fakes)


@pytest.mark.parametrize(
    ("rule", "party", "small"),
    [
        # Eight singles go past the party, as it was before.
        (tables.OFF, None, [2, 3, 4, 5, 6, 7, 8, 9]),
        # Three go past it, then four seats are kept for it.
        (tables.BOUNDED, 8, [2, 3, 4, 9, None, None, None, None]),
        (tables.STRICT, 5, [6, 7, 8, 9, None, None, None, None]),
    ],
    ids=["off", "3", "strict"],
)
def test_party_of_four_before_eight_single_seats(
    rule: Rule, party: float | None, small: list[float | None]
) -> None:
    """One seat returns on each day from the second to the ninth."""
    entries = [
        Entry(quantity, quantity, joined=1.0, accepts=True, answers_after=0.0)
        for quantity in (4, *[1] * 8)
    ]
    returns = [(float(day), 1) for day in range(2, 10)]
    Season(Draw(returns=returns, head=[], honest=entries, visits=[]), rule).run()
    assert [entry.offered for entry in entries] == [party, *small]


def test_visitors_are_refused_once_an_entry_reserves() -> None:
    party = Entry(4, 4, joined=1.0, accepts=True, answers_after=0.0)
    returns, visits = [(2.0, 3)], [(day, 1) for day in (3.0, 4.0, LAST_DAY + 0.5)]
    bought = {
        rule.name: Season(Draw(returns, [], [replace(party)], visits), rule).run().sold_past
        for rule in (tables.OFF, Rule("1", 1), tables.STRICT)
    }
    # In the last 24 hours, seats that do not fit are sold.
    assert bought == {"off": 3, "1": 2, "strict (0)": 1}


def test_entry_waits_on_for_the_rest_in_its_place() -> None:
    greedy = replace(tables.GREEDY, keeps_rest=True)
    pair = Entry(2, 2, joined=1.0, accepts=True, answers_after=0.0)
    draw = Draw([(2.0, 4), (3.0, 7), (4.0, 1)], greedy.entries(), [pair], [])
    outcome = Season(draw, tables.BOUNDED).run()
    assert outcome.head[0].booked == 10
    assert pair.offered == 4.0


def test_figures_with_intervals() -> None:
    """Twenty groups whose means are 0 to 19: 2.093 times their deviation, by the root of 20."""
    outcomes = [Outcome([], [], number % 20, 0.0, 0.0, 0) for number in range(40)]
    sold = mean_of(lambda outcome: outcome.sold_past)
    assert with_interval(sold, outcomes, 2) == "9.50 ± 2.77"
    assert with_interval(sold, outcomes[:20], 2) == "9.50"
    # Offers to none have no median, and offers in a few seasons no interval.
    assert with_interval(median_wait, outcomes, 1) == "–"
    entry = Entry(1, 1, joined=1.0, accepts=True, answers_after=0.0, offered=3.5)
    assert with_interval(median_wait, [replace(outcomes[0], honest=[entry]), *outcomes], 1) == "2.5"


def test_command_prints_the_same_tables_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for _ in range(2):
        assert main(["--seasons", "2", "--seed", "3"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "2 seasons, seed 3" in printed[0]
    for name in ("off", "10", "3", "1", "strict (0)"):
        assert f"\n| {name} | " in printed[0]
