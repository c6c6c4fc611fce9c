"""Figures as pages and the API read them: dense, in the event's days, also when clocks change."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from boxoffice.figures import reading
from boxoffice.figures.buckets import with_buckets
from boxoffice.figures.registry import METRICS, metric_of
from events.factories import EventFactory
from events.models import Event, EventMetric, Resolution

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def put(event, name, at, value, resolution=Resolution.DAY):
    EventMetric.objects.create(
        event=event,
        metric_type=name,
        metric_value=value,
        recorded_at=at,
        resolution=resolution,
        is_realtime=resolution is Resolution.MINUTE,
    )


@pytest.fixture
def vienna():
    return EventFactory(timezone="Europe/Vienna")


def local(event, *parts):
    return datetime(*parts, tzinfo=event.zone)


def test_flows_are_0_and_levels_stay_where_nothing_happened(vienna, django_assert_num_queries):
    first = local(vienna, 2026, 10, 23)
    put(vienna, "seats", first + DAY, 3)
    put(vienna, "booked", first - 5 * DAY, 7)
    put(vienna, "booked", local(vienna, 2026, 10, 25), 10)
    with django_assert_num_queries(2):
        seats, booked, waiting = reading.series_of(
            vienna,
            ["seats", "booked", "waiting"],
            Resolution.DAY,
            start=first + timedelta(hours=5),
            end=local(vienna, 2026, 10, 27),
        )
    assert [point.value for point in seats.points] == [0, 3, 0, 0]
    assert [point.value for point in booked.points] == [7, 7, 10, 10]
    assert waiting.points == []
    assert [point.at.astimezone(vienna.zone).day for point in seats.points] == [23, 24, 25, 26]
    assert (seats.total, booked.total, waiting.total) == (3, 10, 0)


@pytest.mark.parametrize(
    ("zone", "start", "days", "hours"),
    [
        ("Europe/Vienna", datetime(2026, 10, 24, 22, tzinfo=UTC), 1, 25),
        ("Europe/Vienna", datetime(2026, 3, 28, 23, tzinfo=UTC), 1, 23),
        # Clocks skip midnight.
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC), 1, 23),
    ],
)
def test_days_have_their_hours(zone, start, days, hours):
    event = EventFactory(timezone=zone)
    end = start + timedelta(hours=hours)
    by_day = list(reading.buckets(event, Resolution.DAY, start=start, end=end))
    by_hour = list(reading.buckets(event, Resolution.HOUR, start=start, end=end))
    assert (len(by_day), len(by_hour)) == (days, hours)
    assert by_day[0] == by_hour[0] == start
    assert len(set(by_hour)) == hours
    for at in by_hour:
        put(event, "seats", at, 1, Resolution.HOUR)
    (series,) = reading.series_of(event, ["seats"], Resolution.HOUR, start=start, end=end)
    assert series.total == hours


@pytest.mark.parametrize(
    "zone",
    # Midnight comes twice, is skipped, follows a skipped or a repeated hour; none of these.
    ["Atlantic/Azores", "America/Havana", "Africa/Cairo", "America/Nuuk", "Australia/Lord_Howe"],
)
def test_days_begin_for_the_database_when_they_begin_for_python(zone):
    event = Event(timezone=zone)
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    begins = list(reading.buckets(event, Resolution.DAY, start=start, end=end))
    statement = with_buckets(
        "SELECT at, bucket_of(at, zone) FROM (VALUES (%(zone)s)) AS z (zone),"
        " generate_series(%(start)s, %(end)s, interval '30 minutes') AS at"
    )
    given = {"zone": zone, "start": begins[0], "end": end, "resolution": "day"}
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        found = cursor.fetchall()
    assert len(found) > 12_000
    assert [row for row in found if row[1] != begins[bisect_right(begins, row[0]) - 1]] == []


def test_sums_over_events_are_by_the_days_of_each(vienna):
    auckland = EventFactory(timezone="Pacific/Auckland")
    for event in (vienna, auckland):
        for day in (1, 2, 9):
            put(event, "seats", datetime(2026, 3, day, tzinfo=ZoneInfo(event.timezone)), day)
        put(event, "refused:sold_out", datetime(2026, 3, 2, tzinfo=event.zone), 4)
    window = {"first": date(2026, 3, 1), "last": date(2026, 3, 8)}

    by_currency = reading.days_by_currency(
        Event.objects.all(), ["seats", "refused:sold_out"], **window
    )

    assert by_currency == {
        "EUR": {
            "refused:sold_out": {date(2026, 3, 2): 8},
            "seats": {date(2026, 3, 1): 2, date(2026, 3, 2): 4},
        }
    }
    assert reading.days_by_currency(Event.objects.none(), ["seats"], **window) == {}


def test_each_metric_says_what_it_is():
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.label[0].isupper()
        assert metric.definition.endswith(".")
    assert metric_of("refused:sold_out").label == "Refused: sold out"
    assert metric_of("refused:") is None
    assert metric_of("beauty") is None
    assert reading.figures_until(Resolution.DAY) is None
