"""The days of events, each by the calendar of its own time zone.

The database computes them (`events/sql/`), so that an index finds them. A day is the event's own:
"today" is the date that it is at the event's venue.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.fields import DateRangeField
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import DateField, DateTimeField, Func, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Least

# The local time that is furthest behind UTC, UTC itself, and the one furthest ahead.
SOMEWHERE = (timedelta(hours=-12), timedelta(0), timedelta(hours=14))
# More than any time zone is away from UTC.
A_DAY = timedelta(days=1)

# The first and the last day asked for; None for no limit.
Days = tuple[date | None, date | None]


class LocalDays(Func):
    """The days of an event, from the first to the last, as a range of dates."""

    function = "evently_local_days"
    output_field = DateRangeField()

    def __init__(self, *columns: Any, **extra: Any) -> None:
        super().__init__(*(columns or ("event_date", "ends_at", "timezone")), **extra)

    def deconstruct(self) -> Any:
        """For migrations: by the path of this class, without arguments that are its default."""
        return ("events.local_days.LocalDays", (), {})


class LocalDate(Cast):
    """The date of a moment, by the calendar of an event."""

    def __init__(self, at: Any, *, zone: str = "timezone") -> None:
        """at: a column or an expression. zone: the path to the event's time zone."""
        local = Func(zone, at, function="timezone", output_field=DateTimeField())
        super().__init__(local, DateField())


def on_days(events: QuerySet[Any], days: Days) -> QuerySet[Any]:
    """Keep the events that take place on any of these days."""
    first, last = days
    if first is None and last is None:
        return events
    if first is not None and last is not None and last < first:
        return events.none()
    # Cheaper conditions, which leave out most rows before the days of the others are computed.
    if first is not None and first > date.min + A_DAY:
        earliest = datetime.combine(first, time.min, tzinfo=UTC) - A_DAY
        events = events.filter(
            Q(ends_at__gte=earliest) | Q(ends_at__isnull=True, event_date__gte=earliest),
            event_date__gte=_earliest_start(first, earliest),
        )
    if last is not None and last < date.max - 2 * A_DAY:
        latest = datetime.combine(last, time.min, tzinfo=UTC) + 2 * A_DAY
        events = events.filter(event_date__lt=latest)
    return events.alias(local_days=LocalDays()).filter(
        local_days__overlap=DateRange(first, last, "[]")
    )


class _FirstStart(Func):
    """When the first of all events began that are on a day, looked up once for a query.

    By a function of the owner: under a role, no index of days is used.
    """

    function = "evently_first_start"
    template = "(SELECT %(function)s(%(expressions)s))"
    output_field = DateTimeField()


def _earliest_start(day: date, earliest: datetime) -> Least:
    """Return when the first of the events began that are on that day, or begin later.

    In the order of dates, a search can begin there, instead of at the events of today.
    """
    first = _FirstStart(Value(day, DateField()))
    begin = Value(earliest, DateTimeField())
    return Least(Coalesce(first, begin), begin)


def on_days_from_today(
    events: QuerySet[Any], days_of: Callable[[date], Days], *, at: datetime
) -> QuerySet[Any]:
    """Keep the events that take place on days counted from today, each by its own date.

    days_of: returns the days for a date of today.
    """
    todays = sorted({(at.astimezone(UTC) + offset).date() for offset in SOMEWHERE})
    asked = Q(pk__in=())
    for today in todays:
        asked |= Q(local_today=today, local_days__overlap=DateRange(*days_of(today), "[]"))
    starts, ends = (list(limits) for limits in zip(*map(days_of, todays), strict=True))
    # What any zone can ask for; the index finds that, and the rest is checked on the rows.
    widest: Days = (
        None if None in starts else min(day for day in starts if day),
        None if None in ends else max(day for day in ends if day),
    )
    return (
        on_days(events, widest)
        .alias(local_today=LocalDate(Value(at, DateTimeField())))
        .filter(asked)
    )
