"""Ratios of CPU time that was measured side by side."""

import statistics
from collections.abc import Iterable

NOT_MEASURABLE = "–"


def ratios(pairs: Iterable[tuple[float, float]]) -> list[float]:
    """Return the first of each pair over the second, where both can be told from idling.

    The kernel counts CPU time in ticks, usually of 10 ms, and what Evently needs when idle is
    subtracted. What takes less than a tick may come out as nothing, or as less.
    """
    return [one / other for one, other in pairs if one > 0 and other > 0]


def median_ratio(pairs: Iterable[tuple[float, float]]) -> float | None:
    """Return the median of the ratios; None if no pair can be compared."""
    found = ratios(pairs)
    return statistics.median(found) if found else None


def ratio_cell(ratio: float | None) -> str:
    return NOT_MEASURABLE if ratio is None else f"{ratio:.2f}"
