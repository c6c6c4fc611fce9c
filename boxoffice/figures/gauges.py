"""Gauges of the figures, read at each scrape."""

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric

from evently import metrics
from evently.database.clock import now
from events.models import RollUp


def roll_ups() -> Iterable[Metric]:
    """Return how old the figures are, and how many differed from the tables last night."""
    found = list(RollUp.objects.all())
    at = now()
    yield metrics.gauge(
        "evently_figures_age_seconds",
        "Time that the figures of events are behind.",
        {row.resolution: (at - row.done_until).total_seconds() for row in found},
        label="resolution",
    )
    yield metrics.gauge(
        "evently_figures_differing",
        "Figures of events that differed from the tables when they were compared last.",
        {row.resolution: float(row.differences) for row in found if row.differences is not None},
        label="resolution",
    )


metrics.collect_on_scrape(roll_ups)
