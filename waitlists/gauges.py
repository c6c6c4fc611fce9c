"""Gauges of offers, read at each scrape."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max
from prometheus_client.metrics_core import Metric

from evently import metrics
from evently.database.functions import Clock
from waitlists.models import Promotion, PromotionStatus

LATE = ExpressionWrapper(Clock() - F("expires_at"), output_field=DurationField())


def overdue_offers() -> Iterable[Metric]:
    """Return how many pending offers are past their time, and by how much; from an index."""
    overdue = Promotion.objects.filter(status=PromotionStatus.PENDING, expires_at__lte=Clock())
    found = overdue.aggregate(count=Count("pk"), longest=Max(LATE))
    yield metrics.gauge(
        "evently_offers_overdue", "Pending offers past their time.", float(found["count"])
    )
    yield metrics.gauge(
        "evently_offers_overdue_age_seconds",
        "How long ago the longest overdue offer should have expired.",
        (found["longest"] or timedelta()).total_seconds(),
    )


metrics.collect_on_scrape(overdue_offers)
