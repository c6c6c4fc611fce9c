"""The daily figures of events as they are stored, for the charts of one or a few events."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from boxoffice.figures.sales_curves import SalesCurve
from evently.database.replicas import Replica, reads_from
from events.models import Event, EventMetric, Resolution

# What is drawn of an event at most.
LONGEST = timedelta(days=400)

# By metric, the days (in UTC, when they begin) on which something happened, in order.
Daily = dict[str, list[tuple[datetime, Decimal]]]


@reads_from(Replica.ANALYTICS)
def daily_figures(
    event_ids: Iterable[UUID], *, names: Sequence[str] | None = None
) -> dict[UUID, Daily]:
    """Return the figures of events by day; names: of these metrics only. One query."""
    rows = EventMetric.objects.filter(event_id__in=list(event_ids), resolution=Resolution.DAY)
    if names is not None:
        rows = rows.filter(metric_type__in=names)
    found: dict[UUID, Daily] = {}
    for event_id, name, at, value in rows.order_by("recorded_at", "id").values_list(
        "event_id", "metric_type", "recorded_at", "metric_value"
    ):
        found.setdefault(event_id, {}).setdefault(name, []).append((at, value))
    return found


def sales_curve(event: Event, daily: Daily) -> SalesCurve:
    """Return the seats booked in all by the days before the event, `LONGEST` at most.

    What was booked before that counts for its first day; what happens after the day of the event,
    not at all.
    """
    start = event.event_date.astimezone(event.zone).date()
    seats: dict[int, int] = {}
    for at, value in daily.get("booked", []):
        left = (start - at.astimezone(event.zone).date()).days
        if left >= 0:
            seats[min(left, LONGEST.days)] = int(value)
    return SalesCurve(event.name, event.total_capacity, seats)
