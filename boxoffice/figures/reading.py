"""Reading figures: series of one event, and sums over many, for pages, the API and exports.

From the replica for analytics, where there is one: until when figures go is what it has of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, DateField, Func, Q, QuerySet, Sum, TextField
from django.db.models.functions import Coalesce

from bookings.models import AttemptResult, BookingAttempt
from boxoffice.figures.registry import REFUSED, Kind, Metric, metric_of
from evently.database.replicas import Replica, reads_from
from events.models import Event, EventMetric, Resolution, RollUp

# Of one series; longer ranges need a coarser resolution.
MOST_POINTS = 2_000
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Point:
    """A value of one bucket. at: when that begins, in UTC.

    Local times of the night when clocks are put back compare as if they were one hour.
    """

    at: datetime
    value: Decimal


@dataclass(frozen=True)
class Series:
    """The values of a metric, one for each bucket of a range.

    Of a level, the value before the first one that is known is None, and left out.
    """

    metric: Metric
    points: list[Point]

    @property
    def total(self) -> Decimal | None:
        """Return the sum of a flow, or the last value of a level; None of others.

        Visitors of two days may be the same, and ratios do not add up.
        """
        values = [point.value for point in self.points]
        if self.metric.kind is Kind.FLOW:
            return sum(values, NOTHING)
        if self.metric.kind is Kind.LEVEL:
            return values[-1] if values else NOTHING
        return None


@reads_from(Replica.ANALYTICS)
def figures_until(resolution: Resolution) -> datetime | None:
    """Return until when figures are rolled up; None before the first run."""
    return RollUp.objects.filter(pk=resolution).values_list("done_until", flat=True).first()


def buckets(
    event: Event, resolution: Resolution, *, start: datetime, end: datetime
) -> Iterator[datetime]:
    """Yield when each bucket of a range begins, in UTC, from the one that the start lies in."""
    if resolution is Resolution.DAY:
        day = start.astimezone(event.zone).date()
        while (at := _midnight(event, day)) < end:
            yield at
            day += timedelta(days=1)
        return
    length = timedelta(minutes=1) if resolution is Resolution.MINUTE else timedelta(hours=1)
    seconds = int(length.total_seconds())
    at = datetime.fromtimestamp(int(start.timestamp()) // seconds * seconds, UTC)
    while at < end:
        yield at
        at += length


def done_until(rows: Iterable[RollUp], resolution: str) -> datetime | None:
    """Return `figures_until` from the rows of roll-ups, without a query."""
    return next((row.done_until for row in rows if row.resolution == resolution), None)


@reads_from(Replica.ANALYTICS)
def attempts_by_outcome(event: Event, *, until: datetime | None) -> dict[str, int]:
    """Return how many attempts to book an event had each outcome; one query.

    until: `figures_until` of days.

    By `success` or the code of the refusal. Of an event in demand there are millions, so those of
    the days that are rolled up come from the figures, and those since from the attempts.
    """
    attempts = BookingAttempt.objects.filter(event_id=event.pk).order_by()
    days = EventMetric.objects.filter(
        Q(metric_type="attempts") | Q(metric_type__startswith=REFUSED),
        event_id=event.pk,
        resolution=Resolution.DAY,
    ).order_by()
    if until is None:
        days = days.none()
    else:
        # The day that is still going on is counted, as a run may write it between two queries.
        begins = _midnight(event, until.astimezone(event.zone).date())
        attempts = attempts.filter(attempted_at__gte=begins)
        days = days.filter(recorded_at__lt=begins)
    outcome = Coalesce("failure_reason", "result", output_field=TextField())
    counted = attempts.values_list(outcome).annotate(Count("pk"))
    found: Counter[str] = Counter()
    for name, number in counted.union(
        days.values_list("metric_type").annotate(Sum("metric_value")), all=True
    ):
        if name == "attempts":
            found[AttemptResult.SUCCESS] += int(number)
        elif name.startswith(REFUSED):
            found[name.removeprefix(REFUSED)] += int(number)
            found[AttemptResult.SUCCESS] -= int(number)
        else:
            found[name] += int(number)
    return {name: found[name] for name in sorted(found) if found[name]}


@reads_from(Replica.ANALYTICS)
def series_of(
    event: Event,
    names: Sequence[str],
    resolution: Resolution,
    *,
    start: datetime,
    end: datetime,
) -> list[Series]:
    """Return the series of metrics of an event, dense, in the order of their names; two queries.

    names: of the registry. Buckets in which nothing happened are 0, or where a level stood.
    """
    metrics = _metrics(names)
    begins = list(buckets(event, resolution, start=start, end=end))
    stored = {name: None for metric in metrics for name in metric.of or (metric.name,)}
    series = {one.metric.name: one for one in _stored(event, list(stored), resolution, begins, end)}
    return [
        _derived(event, metric, [series[name] for name in metric.of])
        if metric.of
        else series[metric.name]
        for metric in metrics
    ]


def _stored(
    event: Event,
    names: Sequence[str],
    resolution: Resolution,
    begins: list[datetime],
    end: datetime,
) -> list[Series]:
    """Return the series of stored metrics."""
    if not begins:
        return [Series(metric, []) for metric in _metrics(names)]
    rows = EventMetric.objects.filter(
        event_id=event.pk, metric_type__in=names, resolution=resolution
    )
    found: dict[str, dict[datetime, Decimal]] = {}
    inside = rows.filter(recorded_at__gte=begins[0], recorded_at__lt=end)
    for name, at, value in inside.values_list("metric_type", "recorded_at", "metric_value"):
        found.setdefault(name, {})[at] = value
    levels = [metric.name for metric in _metrics(names) if metric.kind is Kind.LEVEL]
    before = dict(
        rows.filter(metric_type__in=levels, recorded_at__lt=begins[0])
        .order_by("metric_type", "-recorded_at")
        .distinct("metric_type")
        .values_list("metric_type", "metric_value")
    )
    return [
        Series(metric, list(_points(metric, begins, found.get(metric.name, {}), before)))
        for metric in _metrics(names)
    ]


class _LocalDay(Func):
    """The day of the event's calendar that a bucket begins with."""

    template = "(%(expressions)s)::date"
    arg_joiner = " AT TIME ZONE "
    output_field = DateField()


@reads_from(Replica.ANALYTICS)
def days_by_currency(
    events: QuerySet[Event], names: Sequence[str], *, first: date, last: date
) -> dict[str, dict[str, dict[date, Decimal]]]:
    """Return sums of flows over events for each day, by currency and metric; one query.

    A day is that of each event's calendar; days in which nothing happened are left out.
    """
    begins, ends = _utc_days(first, last)
    rows = (
        EventMetric.objects.filter(
            event__in=events,
            metric_type__in=names,
            resolution=Resolution.DAY,
            recorded_at__gte=begins,
            recorded_at__lt=ends,
        )
        .annotate(day=_LocalDay("recorded_at", "event__timezone"))
        .filter(day__gte=first, day__lte=last)
        .order_by("event__currency", "metric_type", "day")
        .values_list("event__currency", "metric_type", "day")
        .annotate(total=Sum("metric_value"))
    )
    sums: dict[str, dict[str, dict[date, Decimal]]] = {}
    for currency, name, day, total in rows:
        sums.setdefault(currency, {}).setdefault(name, {})[day] = total
    return sums


def utc_range(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the moments in which a range of days of UTC begins and ends."""
    begins = datetime.combine(first, time.min, UTC)
    return begins, datetime.combine(last, time.min, UTC) + timedelta(days=1)


def _utc_days(first: date, last: date) -> tuple[datetime, datetime]:
    """Return moments around a range of days of any calendar.

    Days begin up to 14 hours before, or 12 after, those of UTC.
    """
    margin = timedelta(days=1)
    begins = datetime.combine(first, time.min, UTC) - margin
    return begins, datetime.combine(last, time.min, UTC) + 2 * margin


def _metrics(names: Sequence[str]) -> list[Metric]:
    return [metric for name in names if (metric := metric_of(name)) is not None]


def _points(
    metric: Metric,
    begins: list[datetime],
    found: dict[datetime, Decimal],
    before: dict[str, Decimal],
) -> Iterator[Point]:
    level = before.get(metric.name)
    for at in begins:
        value = found.get(at)
        if metric.kind is not Kind.LEVEL:
            yield Point(at, value or NOTHING)
            continue
        level = level if value is None else value
        if level is not None:
            yield Point(at, level)


def _derived(event: Event, metric: Metric, parts: list[Series]) -> Series:
    """Compute a series from others, bucket by bucket; a ratio to nothing is left out."""
    if metric.name == "fill":
        values = [(point.at, point.value / event.total_capacity) for point in parts[0].points]
    elif metric.name == "mean_position":
        values = [(p.at, (p.value + 1) / 2 if p.value else NOTHING) for p in parts[0].points]
    else:
        values = list(_ratios(parts, among=metric.name == "acceptance_rate"))
    return Series(metric, [Point(at, value) for at, value in values])


def _ratios(parts: list[Series], *, among: bool) -> Iterator[tuple[datetime, Decimal]]:
    """Divide the first flow by the second, or by the sum of all."""
    for points in zip(*(one.points for one in parts), strict=True):
        values = [point.value for point in points]
        whole = sum(values, NOTHING) if among else values[1]
        if whole:
            yield points[0].at, values[0] / whole


def _midnight(event: Event, day: date) -> datetime:
    """Return when a day begins, in UTC; where clocks skip midnight, the first moment after."""
    local = datetime(day.year, day.month, day.day, tzinfo=event.zone)
    return local.astimezone(UTC)
