"""Sales plans: which share of the seats should be sold after which share of the time on sale."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

TENTHS = 10
# Percent sold after each tenth of the time on sale, by shape.
EVEN = tuple(range(0, 101, 10))
# Late demand must not be missing from a plan: prices that are cut too early cost the most.
LATE = (0, 3, 8, 14, 21, 29, 39, 50, 63, 79, 100)
EARLY = (0, 21, 37, 50, 61, 71, 79, 86, 92, 97, 100)
BOTH_ENDS = (0, 18, 29, 36, 41, 45, 49, 54, 62, 76, 100)
NAMED_PLANS = {"even": EVEN, "late": LATE, "early": EARLY, "both_ends": BOTH_ENDS}


@dataclass(frozen=True)
class SalesPlan:
    """The cumulative share of sales, linear between the tenths of the time on sale.

    percent: what is sold after 0, 1, …, 10 tenths; it never falls, begins with 0, ends with 100.
    """

    percent: tuple[int, ...]

    def __post_init__(self) -> None:
        ends = len(self.percent) == TENTHS + 1 and self.percent[0] == 0 and self.percent[-1] == 100
        if not ends or list(self.percent) != sorted(self.percent):
            raise ValueError("A plan has 11 shares that never fall, from 0 to 100.")

    def share(self, elapsed: Fraction) -> Fraction:
        """Return the share of sales planned until a share of the time, both from 0 to 1."""
        elapsed = min(max(elapsed, Fraction(0)), Fraction(1))
        tenth = min(int(elapsed * TENTHS), TENTHS - 1)
        before, after = self.percent[tenth], self.percent[tenth + 1]
        return (before + (after - before) * (elapsed * TENTHS - tenth)) / Fraction(100)


def plan_of_sales(times: Sequence[Fraction]) -> SalesPlan | None:
    """Return the plan that seats were sold by; None where there were none.

    times: of each seat, the share of the time on sale after which it was sold.
    """
    if not times:
        return None
    counts = [0] * (TENTHS + 1)
    for time in times:
        counts[min(max(-(-TENTHS * time.numerator // time.denominator), 1), TENTHS)] += 1
    until = accumulate(counts[:TENTHS])
    return SalesPlan((*(100 * count // len(times) for count in until), 100))
