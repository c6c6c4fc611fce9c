"""Events are found on the days of their own calendar, on each day that they last."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from evently.api.tests.client import api
from evently.database.clock import now
from evently.time_zones import known_timezones
from events.factories import EventFactory
from events.models import Event
from events.queries import find_events, weekend

pytestmark = pytest.mark.django_db

LOS_ANGELES, BERLIN, KIRITIMATI = "America/Los_Angeles", "Europe/Berlin", "Pacific/Kiritimati"


def lasting(zone, starts, ends=None, **columns):
    """Return an event from and to local times."""
    starts, ends = (
        datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)) if wall else None
        for wall in (starts, ends)
    )
    return EventFactory(timezone=zone, event_date=starts, ends_at=ends, **columns)


def found(day, until=None, **criteria):
    events = find_events(date_from=day, date_to=until or day, **criteria)
    return set(events.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("zone", "starts", "ends", "days"),
    [
        (LOS_ANGELES, "2099-06-04T20:00", None, [4]),
        (KIRITIMATI, "2099-06-05T08:00", "2099-06-05T09:00", [5]),
        (BERLIN, "2099-06-05T00:00", "2099-06-05T01:00", [5]),
        (BERLIN, "2099-06-04T20:00", "2099-06-05T00:00", [4]),
        (BERLIN, "2099-06-04T20:00", "2099-06-05T02:00", [4, 5]),
        (BERLIN, "2099-06-02T10:00", "2099-06-05T23:00", [2, 3, 4, 5]),
        (LOS_ANGELES, "2099-06-03T18:00", "2099-06-05T18:00", [3, 4, 5]),
        ("UTC", "2099-06-04T20:00", "2099-06-04T20:00", [4]),
    ],
)
def test_event_is_found_on_each_of_its_local_days(zone, starts, ends, days):
    lasting(zone, starts, ends, name="It")

    listed = [day for day in range(1, 8) if found(date(2099, 6, day))]
    url = "/api/v1/events/?date_from=2099-06-0{0}&date_to=2099-06-0{0}"
    in_api = [day for day in range(1, 8) if api().get(url.format(day)).json()["results"]]

    assert listed == days
    assert in_api == days


def test_ranges_find_what_overlaps_them():
    lasting(BERLIN, "2099-07-01T10:00", "2099-07-04T23:00", name="Festival")
    lasting(BERLIN, "2099-07-10T19:00", name="Concert")

    assert found(date(2099, 7, 2), date(2099, 7, 3)) == {"Festival"}
    assert found(date(2099, 6, 1), date(2099, 7, 1)) == {"Festival"}
    assert found(date(2099, 7, 5), date(2099, 7, 9)) == set()
    assert found(date(2099, 7, 4), date(2099, 8, 1)) == {"Festival", "Concert"}
    assert find_events(date_from=date(2099, 7, 5)).get().name == "Concert"
    assert find_events(date_to=date(2099, 7, 9)).get().name == "Festival"
    assert find_events(date_to=date.max).count() == 2


def test_api_finds_what_overlaps_times_with_an_offset():
    lasting(BERLIN, "2099-07-01T10:00", "2099-07-04T23:00")
    url = "/api/v1/events/?date_from={}&date_to={}"

    for first, last, number in (
        ("2099-07-04T20:59:00Z", "2099-08-01T00:00:00Z", 1),
        ("2099-07-04T21:01:00Z", "2099-08-01T00:00:00Z", 0),
        ("2099-06-01T00:00:00Z", "2099-07-01T08:00:00Z", 1),
        ("2099-06-01T00:00:00Z", "2099-07-01T07:59:00Z", 0),
    ):
        assert len(api().get(url.format(first, last)).json()["results"]) == number


def test_running_event_stays_in_lists_until_it_is_over(clock):
    event = EventFactory(ends_at=now() + timedelta(days=33))
    ended = EventFactory(ends_at=now() + timedelta(days=30, hours=1))
    without_end = EventFactory()
    assert find_events().count() == 3
    clock.move(timedelta(days=31))

    assert list(find_events()) == [event]
    assert [one["id"] for one in api().get("/api/v1/events/").json()["results"]] == [str(event.pk)]
    assert not find_events(available=True).exists()
    clock.move(timedelta(days=33, hours=1))
    assert not find_events().exists()
    assert not {ended, without_end} & set(find_events())


@pytest.mark.parametrize("at", ["2099-06-05T03:00", "2099-06-05T11:30", "2099-06-05T18:00"])
def test_today_is_the_date_at_the_venue(at, clock):
    at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    clock.move(at - now())
    for zone in (LOS_ANGELES, BERLIN, KIRITIMATI, "Pacific/Pago_Pago"):
        today = at.astimezone(ZoneInfo(zone)).date()
        for days in (-1, 0, 1):
            day = today + timedelta(days=days)
            lasting(
                zone,
                f"{day}T00:01",
                f"{day}T23:59",
                name=f"{zone} {days}",
                created_at=at - timedelta(days=9),
                published_at=at - timedelta(days=8),
            )

    names = set(find_events(when="today").values_list("name", flat=True))

    assert names == {f"{zone} 0" for zone in (LOS_ANGELES, BERLIN, KIRITIMATI, "Pacific/Pago_Pago")}
    # 5 June 2099 is a Friday.
    in_berlin = Event.objects.get(name=f"{BERLIN} 1")
    assert in_berlin in find_events(when="weekend")
    assert Event.objects.get(name=f"{BERLIN} 0") not in find_events(when="weekend")


@pytest.mark.parametrize(
    ("today", "days"), [(1, (6, 7)), (5, (6, 7)), (6, (6, 7)), (7, (7, 7)), (8, (13, 14))]
)
def test_weekend_is_the_next_or_what_is_left_of_this(today, days):
    first, last = weekend(date(2099, 6, today))

    assert (first.day, last.day) == days


def test_database_knows_all_time_zones():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(evently_local_days(now(), now(), zone)) FROM unnest(%s::text[]) zone",
            [sorted(known_timezones())],
        )
        assert cursor.fetchone() == (len(known_timezones()),)
