"""Local times: those that do not exist, those that exist twice, and days across a clock change."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from evently.local_time import (
    AmbiguousTime,
    NoSuchTime,
    exists_twice,
    local_day,
    moment_of,
    moved_by_days,
    nearest_moment,
    wall_clock,
)

wall_time = datetime.fromisoformat


@pytest.mark.parametrize(
    ("wall", "zone", "text"),
    [
        (
            "2027-03-28T02:30",
            "Europe/Berlin",
            "02:30 does not exist on 28 March 2027 in Europe/Berlin: clocks go forward from "
            "02:00 to 03:00.",
        ),
        (
            "2027-03-28T02:00",
            "Europe/Berlin",
            "02:00 does not exist on 28 March 2027 in Europe/Berlin: clocks go forward from "
            "02:00 to 03:00.",
        ),
        (
            "2027-10-03T02:15",
            "Australia/Lord_Howe",
            "02:15 does not exist on 3 October 2027 in Australia/Lord_Howe: clocks go forward "
            "from 02:00 to 02:30.",
        ),
        (
            "2011-12-30T12:00",
            "Pacific/Apia",
            "12:00 does not exist on 30 December 2011 in Pacific/Apia: clocks go forward from "
            "30 December 2011, 00:00, to 31 December 2011, 00:00.",
        ),
        (
            "2027-03-14T02:59",
            "America/Los_Angeles",
            "02:59 does not exist on 14 March 2027 in America/Los_Angeles: clocks go forward "
            "from 02:00 to 03:00.",
        ),
        (
            "2027-03-14T02:30",
            "Africa/Casablanca",
            "02:30 does not exist on 14 March 2027 in Africa/Casablanca: clocks go forward from "
            "02:00 to 03:00.",
        ),
    ],
)
def test_time_that_clocks_skip_is_refused_with_the_reason(wall, zone, text):
    with pytest.raises(NoSuchTime) as refused:
        moment_of(datetime.fromisoformat(wall), ZoneInfo(zone), fold=1)
    assert refused.value.text == text


@pytest.mark.parametrize(
    ("wall", "zone", "first", "second", "change"),
    [
        ("2027-10-31T02:30", "Europe/Berlin", "00:30", "01:30", "03:00 to 02:00"),
        ("2027-04-04T01:45", "Australia/Lord_Howe", "14:45", "15:15", "02:00 to 01:30"),
        ("2027-02-07T02:30", "Africa/Casablanca", "01:30", "02:30", "03:00 to 02:00"),
    ],
)
def test_time_that_exists_twice_must_be_chosen(wall, zone, first, second, change):
    wall, zone = datetime.fromisoformat(wall), ZoneInfo(zone)

    with pytest.raises(AmbiguousTime) as refused:
        moment_of(wall, zone)

    assert f"clocks go back from {change}." in refused.value.text
    assert [f"{at:%H:%M}" for at in refused.value.moments] == [first, second]
    assert f"{moment_of(wall, zone, fold=0):%H:%M}" == first
    assert f"{moment_of(wall, zone, fold=1):%H:%M}" == second
    assert exists_twice(wall, zone)


@pytest.mark.parametrize("fold", [None, 0, 1])
def test_ordinary_time_is_one_moment(fold):
    wall, zone = wall_time("2027-07-01T20:00"), ZoneInfo("Europe/Berlin")

    assert moment_of(wall, zone, fold=fold) == datetime(2027, 7, 1, 18, tzinfo=UTC)
    assert not exists_twice(wall, zone)


def test_moving_by_days_keeps_the_time_on_the_clock():
    berlin = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 10, 15, 17, tzinfo=UTC)
    assert wall_clock(at, berlin) == wall_time("2026-10-15T19:00")

    moved = moved_by_days(at, berlin, 28)

    assert wall_clock(moved, berlin) == wall_time("2026-11-12T19:00")


def test_computed_time_that_clocks_skip_is_as_long_after_the_change():
    berlin = ZoneInfo("Europe/Berlin")

    moved = nearest_moment(wall_time("2027-03-28T02:30"), berlin)

    assert wall_clock(moved, berlin) == wall_time("2027-03-28T03:30")
    assert wall_clock(nearest_moment(wall_time("2027-03-28T02:30"), berlin, fold=1), berlin) == (
        wall_time("2027-03-28T03:30")
    )


def test_day_is_the_one_of_the_time_zone():
    at = datetime(2027, 6, 5, 3, tzinfo=UTC)

    assert local_day(at, ZoneInfo("America/Los_Angeles")) == date(2027, 6, 4)
    assert local_day(at, ZoneInfo("Asia/Tokyo")) == date(2027, 6, 5)
