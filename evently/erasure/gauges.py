"""Gauges of the register of erasures, read at each scrape."""

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric

from evently import metrics
from evently.database.clock import now
from evently.erasure.models import RegisterState


def register_state() -> Iterable[Metric]:
    """Return how many erasures the register lacks, and for how long it has had a problem."""
    state = RegisterState.objects.get()
    yield metrics.gauge(
        "evently_erasures_unregistered",
        "Erasures that are not in the register yet.",
        float(state.last_number - state.written_number),
    )
    since = state.failing_since
    yield metrics.gauge(
        "evently_erasure_register_problem_seconds",
        "How long the register of erasures could not be written, or differs from the database.",
        (now() - since).total_seconds() if since else 0.0,
    )


metrics.collect_on_scrape(register_state)
