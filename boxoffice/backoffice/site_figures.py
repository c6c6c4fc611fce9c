"""The figures of all events that a user manages: by currency, from view to booking, lost demand.

They come from the daily roll-ups. The day, week and month that they are of end with today, by the
calendar of each event.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum

from boxoffice.backoffice.analytics_words import Step, funnel, value_text
from boxoffice.figures.lost_demand import Outcome, Refused
from boxoffice.figures.registry import METRICS
from evently.database.replicas import Replica, reads_from
from evently.formatting import counted, duration, moment, money
from events.models import Event, EventMetric, Resolution, RollUp

PERIODS = (1, 7, 30)
LABELS = dict(RollUp._meta.get_field("resolution").flatchoices)
LONGEST, NO_TIME = timedelta(days=30), timedelta(0)
TOTALED = (
    "page_views",
    "checkouts",
    "bookings",
    "seats",
    "revenue",
    "cancellations",
    "seats_returned",
    "revenue_returned",
)


@dataclass
class SiteFigures:
    """sums: by metric and currency, over the days of PERIODS."""

    sums: dict[tuple[str, str], list[Decimal]] = field(default_factory=dict)

    def total(self, metric: str, period: int) -> Decimal:
        """Return the sum of a metric over all currencies; of counts and seats."""
        place = PERIODS.index(period)
        return sum(
            (row[place] for (name, _), row in self.sums.items() if name == metric), Decimal()
        )

    @property
    def currencies(self) -> list[str]:
        """Return the currencies in which something was booked or returned, in order."""
        return sorted(
            {currency for name, currency in self.sums if name not in ("page_views", "checkouts")}
        )


@reads_from(Replica.ANALYTICS)
def site_figures(events: QuerySet[Event], *, at: datetime) -> SiteFigures:
    """Return the sums over events that were not over a month ago; one query."""
    lately = events.filter(event_date__gt=at - LONGEST).order_by()
    rows = (
        EventMetric.objects.filter(
            metric_type__in=TOTALED,
            event__in=lately,
            resolution=Resolution.DAY,
            recorded_at__gt=at - LONGEST,
        )
        .order_by()
        .values_list("event__currency", "metric_type")
        .annotate(**{f"sum_{days}": _sum_of_days(days, at=at) for days in PERIODS})
    )
    figures = SiteFigures()
    for currency, name, *sums in rows:
        row = figures.sums.setdefault((name, currency), [Decimal()] * len(PERIODS))
        figures.sums[name, currency] = [old + new for old, new in zip(row, sums, strict=True)]
    return figures


def _sum_of_days(days: int, *, at: datetime) -> Sum:
    """Return the sum over the last buckets: one for each day."""
    since = Q(recorded_at__gt=at - timedelta(days=days))
    return Sum("metric_value", default=Decimal(), filter=since)


def by_currency(figures: SiteFigures, refused: Iterable[Refused]) -> list[dict[str, Any]]:
    """Return the last 30 days in each currency, for display."""
    lost: dict[str, list[Refused]] = {}
    for row in refused:
        if row.outcome is Outcome.LOST:
            lost.setdefault(row.currency, []).append(row)

    def sum_of(name: str, currency: str) -> Decimal:
        return figures.sums.get((name, currency), [Decimal()])[-1]

    return [
        {
            "currency": currency,
            "rows": [
                ("Bookings", f"{sum_of('bookings', currency):,.0f}"),
                ("Seats booked", f"{sum_of('seats', currency):,.0f}"),
                ("Seats returned", f"{sum_of('seats_returned', currency):,.0f}"),
                ("Revenue", money(sum_of("revenue", currency), currency)),
                ("Revenue returned", money(sum_of("revenue_returned", currency), currency)),
                ("Lost demand", value_text(lost.get(currency, []))),
            ],
        }
        for currency in sorted({*figures.currencies, *lost})
    ]


def site_funnel(figures: SiteFigures) -> list[Step]:
    sums = {name: figures.total(name, PERIODS[-1]) for name in TOTALED}
    return funnel(sums, {name: metric.label for name, metric in METRICS.items()})


# ── The whole site, for superusers ──────────────────────────────────────────
def system_totals(figures: SiteFigures) -> list[dict[str, Any]]:
    """Return what happened on the whole site, over each of PERIODS."""
    return [
        {
            "label": METRICS[name].label,
            "numbers": [f"{figures.total(name, period):,.0f}" for period in PERIODS],
        }
        for name in ("page_views", "bookings", "seats", "cancellations")
    ]


def roll_up_states(rows: Iterable[RollUp], *, at: datetime, zone: Any) -> list[dict[str, Any]]:
    """Return how old the figures of each resolution are, and what the last check found."""
    known = {row.resolution: row for row in rows}
    return [
        {
            "label": LABELS[name],
            "age": duration(max(at - row.done_until, NO_TIME)) if row else "never rolled up",
            **_check(row, zone),
        }
        for name in [*Resolution.values, RollUp.LOST_DEMAND]
        for row in [known.get(name)]
        if row or name != RollUp.LOST_DEMAND
    ]


def _check(row: RollUp | None, zone: Any) -> dict[str, Any]:
    if row is None or row.differences is None:
        is_kept = row is None or row.resolution != Resolution.MINUTE
        return {
            "check": "not checked yet" if is_kept else "not checked, kept for 7 days",
            "differs": False,
        }
    when = moment(row.checked_at, zone)
    if not row.differences:
        return {"check": f"agreed on {when}", "differs": False}
    return {
        "check": f"{counted(row.differences, 'figure')} differed on {when}",
        "differs": True,
    }
