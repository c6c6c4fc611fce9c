"""Figures of many seasons, each sold by the rule and at a fixed price."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.seasons.demand import Season
from bench.seasons.selling import Outcome

# Half of a 95 % interval is so many standard errors.
NORMAL_95 = 1.96


@dataclass(frozen=True)
class Pair:
    """A season sold in two ways. by_rule: or by whatever is compared with the fixed price."""

    season: Season
    by_rule: Outcome
    fixed: Outcome

    @property
    def difference(self) -> float:
        """By how much more the rule earned, as a share of what the fixed price did."""
        return float(self.by_rule.revenue / self.fixed.revenue) - 1


Figure = Callable[[list[Pair]], str]


def gain(pairs: list[Pair]) -> str:
    """Return how much more the rule earned in all, in percent, with its 95 % interval."""
    differences = [float(pair.by_rule.revenue - pair.fixed.revenue) for pair in pairs]
    fixed = statistics.fmean(float(pair.fixed.revenue) for pair in pairs)
    text = f"{100 * statistics.fmean(differences) / fixed:+.1f}"
    if len(pairs) < 2:
        return text
    error = statistics.stdev(differences) / len(pairs) ** 0.5
    return f"{text} ± {100 * NORMAL_95 * error / fixed:.1f}"


def earned_less(pairs: list[Pair]) -> str:
    return percent(sum(pair.difference < 0 for pair in pairs) / len(pairs))


def spread(pairs: list[Pair]) -> str:
    """Return the difference in percent that 5, 50 and 95 % of seasons stay below."""
    return _quantiles([100 * pair.difference for pair in pairs], "+.0f")


def revenue(pairs: list[Pair]) -> str:
    return f"{statistics.fmean(_by_seat(pairs)):.2f}"


def revenue_spread(pairs: list[Pair]) -> str:
    return _quantiles(_by_seat(pairs), ".1f")


def unsold(pairs: list[Pair]) -> str:
    capacity = sum(pair.season.capacity for pair in pairs)
    return percent(sum(pair.by_rule.unsold for pair in pairs) / capacity, 1)


def priced_out(pairs: list[Pair]) -> str:
    return _of_visitors(pairs, lambda outcome: outcome.priced_out)


def turned_away(pairs: list[Pair]) -> str:
    return _of_visitors(pairs, lambda outcome: outcome.turned_away)


def two_prices(pairs: list[Pair]) -> str:
    return _of_visitors(pairs, lambda outcome: outcome.two_prices)


def price_paid(pairs: list[Pair]) -> str:
    earned = sum(pair.by_rule.revenue for pair in pairs)
    return f"{earned / max(sum(pair.by_rule.sold for pair in pairs), 1):.2f}"


def overpaid(pairs: list[Pair]) -> str:
    sold = max(sum(pair.by_rule.sold for pair in pairs), 1)
    return percent(sum(pair.by_rule.overpaid for pair in pairs) / sold)


def overpaid_by(pairs: list[Pair]) -> str:
    seats = sum(pair.by_rule.overpaid for pair in pairs)
    return f"{sum(pair.by_rule.overpaid_by for pair in pairs) / seats:.2f}" if seats else "–"


def changes(pairs: list[Pair]) -> str:
    return f"{statistics.fmean(pair.by_rule.changes for pair in pairs):.1f}"


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}"


def _of_visitors(pairs: list[Pair], counted: Callable[[Outcome], int]) -> str:
    visitors = max(sum(pair.by_rule.visitors for pair in pairs), 1)
    return percent(sum(counted(pair.by_rule) for pair in pairs) / visitors, 1)


def _by_seat(pairs: list[Pair]) -> list[float]:
    """Return the revenue of each season per seat of its event."""
    return [float(pair.by_rule.revenue / pair.season.capacity) for pair in pairs]


def _quantiles(values: list[float], form: str) -> str:
    ordered = sorted(values)
    found = (ordered[int(len(ordered) * share)] for share in (0.05, 0.5, 0.95))
    return " / ".join(f"{value:{form}}" for value in found)
