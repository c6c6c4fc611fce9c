"""Figures of many seasons with their uncertainty."""

import statistics
from collections.abc import Callable
from math import isnan, nan
from random import Random

from bench.line_rules.mixes import PARTY, Entry, Mix, draw_season
from bench.line_rules.season import Outcome, Rule, Season

# A figure is computed for each of 20 groups of seasons, too; the interval follows from how much
# these differ (Student's t with 19 degrees of freedom, 95 %).
GROUPS = 20
T = 2.093
FEWEST_IN_A_GROUP = 2

Figure = Callable[[list[Outcome]], float]


def simulate(mix: Mix, rule: Rule, *, seasons: int, seed: int) -> list[Outcome]:
    """Return the outcomes of seasons, which are the same under each rule."""
    return [
        Season(draw_season(mix, Random(f"{seed} {number}")), rule).run()
        for number in range(seasons)
    ]


def percent_offered(wanted: Callable[[Entry], bool]) -> Figure:
    """Return the figure that says how many percent of some honest entries were offered seats."""

    def percent(outcomes: list[Outcome]) -> float:
        entries = [entry for outcome in outcomes for entry in outcome.honest if wanted(entry)]
        if not entries:
            return nan
        return 100 * sum(entry.offered is not None for entry in entries) / len(entries)

    return percent


def median_wait(outcomes: list[Outcome]) -> float:
    """Return the median of the days from joining to the offer, of honest entries that got one."""
    waits = [
        entry.offered - entry.joined
        for outcome in outcomes
        for entry in outcome.honest
        if entry.offered is not None
    ]
    return statistics.median(waits) if waits else nan


def mean_of(value: Callable[[Outcome], float]) -> Figure:
    return lambda outcomes: statistics.fmean(map(value, outcomes))


parties = percent_offered(lambda entry: entry.quantity == PARTY)
small_ones = percent_offered(lambda entry: entry.quantity < PARTY)
pairs = percent_offered(lambda entry: entry.quantity == 2)
everyone = percent_offered(lambda entry: True)
sold_past = mean_of(lambda outcome: outcome.sold_past)
idle = mean_of(lambda outcome: outcome.idle)
unsold = mean_of(lambda outcome: outcome.unsold)
held_by_attackers = mean_of(lambda outcome: outcome.held_by_head)
booked_by_attackers = mean_of(lambda outcome: sum(entry.booked for entry in outcome.head))


def with_interval(figure: Figure, outcomes: list[Outcome], digits: int) -> str:
    """Return a figure and half of its 95 % interval; a dash if there is nothing to count.

    The interval is left out of fewer than 40 seasons, and where a group has nothing to count.
    """
    value = figure(outcomes)
    if isnan(value):
        return "–"
    text = f"{value:.{digits}f}"
    if len(outcomes) < GROUPS * FEWEST_IN_A_GROUP:
        return text
    parts = [figure(outcomes[number::GROUPS]) for number in range(GROUPS)]
    if any(map(isnan, parts)):
        return text
    return f"{text} ± {T * statistics.stdev(parts) / GROUPS**0.5:.{digits}f}"


def row(name: str, columns: dict[str, tuple[Figure, int]], outcomes: list[Outcome]) -> list[str]:
    """Return a row of a table. columns: figures with their digits, by heading."""
    return [
        name,
        *(with_interval(figure, outcomes, digits) for figure, digits in columns.values()),
    ]
