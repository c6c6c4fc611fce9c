"""How long an offer holds its seats."""

from datetime import UTC, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.models import Event
from waitlists.claim_windows import lies_in_night, offer_window

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BERLIN, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")
LORD_HOWE, EASTER = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Easter")
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "Pacific/Easter",
]
NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)

times = st.integers(0, 3 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE
)
zones = st.sampled_from(ZONES)
own_zones = st.none() | zones.map(ZoneInfo)
lengths = st.timedeltas(MINUTE, 200 * DAY)
settings_of_event = st.none() | st.integers(1, 10080)


def window(at, until_event, *, zone="UTC", minutes=None, sales_end=None, own_zone=None, **person):
    event = Event(
        event_date=at + until_event,
        timezone=zone,
        promotion_window_minutes=minutes,
        sales_end_at=sales_end,
    )
    return event, offer_window(event, at=at, zone=own_zone, **person)


def local(zone, *when):
    return datetime(*when, tzinfo=zone).astimezone(UTC)


def is_day(at, zone):
    return time(8) <= at.astimezone(zone).time() < time(22)


def counted_time(event, start, end, own_zone=None, *, step=MINUTE):
    """Return the time outside nights, minute by minute; in the last 12 hours, all of it."""
    counted, at = timedelta(0), start
    while at < end:
        zones = (event.zone, own_zone or event.zone)
        if at >= event.event_date - 12 * HOUR or all(is_day(at, zone) for zone in zones):
            counted += step
        at += step
    return counted


@pytest.mark.parametrize(
    ("until", "minutes", "ends_after"),
    [
        (10 * HOUR, 30, 30 * MINUTE),
        (1 * HOUR, 15, 15 * MINUTE),
        (10 * MINUTE, 10, 10 * MINUTE),
        (5 * DAY, 6 * 60, 6 * HOUR),
        # Ten hours are left of this day; two more follow after the night.
        (10 * DAY, 12 * 60, 22 * HOUR),
        # Ten hours of this day, and all fourteen of the next.
        (100 * DAY, 24 * 60, 34 * HOUR),
    ],
)
def test_window_is_a_twentieth_of_the_time_left(until, minutes, ends_after):
    _, found = window(NOON, until)
    assert (found.minutes, found.expires_at - NOON) == (minutes, ends_after)


@pytest.mark.parametrize(
    ("waiting", "minutes"), [(1, 360), (20, 360), (21, 342), (60, 120), (480, 15), (5000, 15)]
)
def test_time_left_is_shared_among_the_entries_that_wait(waiting, minutes):
    assert window(NOON, 5 * DAY, waiting=waiting)[1].minutes == minutes


def test_setting_of_the_event_is_used():
    assert window(NOON, 30 * DAY, minutes=90)[1].expires_at == NOON + 90 * MINUTE
    assert window(NOON, 30 * DAY, minutes=90, waiting=5000)[1].minutes == 90
    assert window(NOON, 30 * DAY, minutes=7)[1].minutes == 7


@pytest.mark.parametrize("minutes", [None, 90, 15, 10])
def test_first_lapse_leaves_a_quarter_of_the_window_and_the_second_the_minimum(minutes):
    whole = window(NOON, 30 * DAY, minutes=minutes)[1].minutes
    once = window(NOON, 30 * DAY, minutes=minutes, lapses=1)[1].minutes
    assert once == min(whole, max(15, ceil(whole / 4)))
    for lapses in (2, 3):
        found = window(NOON, 30 * DAY, minutes=minutes, lapses=lapses)[1]
        assert found.minutes == min(15, minutes or 15)


def test_no_offer_is_shorter_than_five_minutes():
    assert window(NOON, 10 * DAY, sales_end=NOON)[1] is None
    assert window(NOON, 10 * DAY, sales_end=NOON - DAY)[1] is None
    assert window(NOON, 10 * DAY, sales_end=NOON + timedelta(seconds=13.9))[1] is None
    assert window(NOON, 5 * MINUTE - timedelta(microseconds=1))[1] is None
    found = window(NOON, 10 * DAY, sales_end=NOON + 5 * MINUTE)[1]
    assert (found.minutes, found.expires_at) == (5, NOON + 5 * MINUTE)
    # A setting below that holds for five minutes: otherwise no offer could ever be made.
    assert window(NOON, 10 * DAY, minutes=1)[1].minutes == 5


def test_window_of_an_offer_at_night_starts_in_the_morning():
    midnight = NOON + 12 * HOUR
    assert window(midnight, 30 * DAY, minutes=60)[1].expires_at == midnight + 9 * HOUR
    berlin = midnight - 1 * HOUR  # midnight there, in winter
    found = window(berlin, 30 * DAY, minutes=60, zone="Europe/Berlin")[1]
    assert found.expires_at == berlin + 9 * HOUR


def test_nights_count_in_the_last_12_hours():
    midnight = NOON + 12 * HOUR
    assert window(midnight, 12 * HOUR, minutes=60)[1].expires_at == midnight + HOUR
    assert window(midnight, 13 * HOUR, minutes=60)[1].expires_at == midnight + 2 * HOUR
    assert window(midnight, 47 * HOUR, minutes=60)[1].expires_at == midnight + 9 * HOUR


def test_late_cancellation_makes_no_offer_that_ends_before_the_morning():
    """Cancelled on Friday at 22:00 for Saturday 20:00: the first offer ends at 08:33."""
    starts = local(BERLIN, 2027, 3, 13, 20)
    morning = local(BERLIN, 2027, 3, 13, 8)
    event = Event(event_date=starts, timezone="Europe/Berlin")
    at, ends = local(BERLIN, 2027, 3, 12, 22), []
    while (found := offer_window(event, at=at, waiting=40)) is not None:
        assert found.expires_at >= morning + 15 * MINUTE
        ends.append(at := found.expires_at)
    assert ends[0] == morning + 33 * MINUTE
    assert len(ends) > 20


def test_nights_of_a_reader_in_another_time_zone():
    """In Auckland, and for a reader in Berlin 12 hours behind, four hours of a day count."""
    at = local(AUCKLAND, 2027, 3, 10, 13)  # 01:00 in Berlin
    _, found = window(at, 30 * DAY, zone="Pacific/Auckland", minutes=60)
    assert found.expires_at == at + HOUR
    _, found = window(at, 30 * DAY, zone="Pacific/Auckland", minutes=60, own_zone=BERLIN)
    assert found.expires_at == local(AUCKLAND, 2027, 3, 10, 21) == local(BERLIN, 2027, 3, 10, 9)
    assert found.minutes == 60


def test_nights_of_a_reader_hold_seats_at_most_a_day_longer():
    at = local(AUCKLAND, 2027, 3, 10, 13)
    _, found = window(at, 30 * DAY, zone="Pacific/Auckland", minutes=1440, own_zone=BERLIN)
    # By the nights of Auckland alone it ends on the 12th at 9.
    assert found.expires_at == local(AUCKLAND, 2027, 3, 13, 9)
    assert found.minutes == (2 + 4 + 4 + 1) * 60


CHANGES = [
    (BERLIN, (2027, 3, 27), 9 * HOUR),
    (BERLIN, (2027, 10, 30), 11 * HOUR),
    (AUCKLAND, (2027, 4, 3), 11 * HOUR),
    (AUCKLAND, (2027, 9, 25), 9 * HOUR),
    (LORD_HOWE, (2027, 4, 3), 10.5 * HOUR),
    (LORD_HOWE, (2027, 10, 2), 9.5 * HOUR),
    # Clocks go from 22:00 to 23:00, and from 22:00 to 21:00.
    (EASTER, (2027, 9, 4), 9 * HOUR),
    (EASTER, (2027, 4, 3), 10 * HOUR),
]


@pytest.mark.parametrize(("zone", "day", "night"), CHANGES)
def test_night_with_a_change_of_clocks(zone, day, night):
    begins = local(zone, *day, 21) + (2 if day == (2027, 4, 3) and zone is EASTER else 1) * HOUR
    evening = begins - 30 * MINUTE
    _, found = window(evening, 30 * DAY, minutes=60, zone=zone.key)
    assert found.expires_at == begins + night + 30 * MINUTE
    ends = begins + night
    event = Event(timezone=zone.key)
    assert lies_in_night(event, begins, ends)
    assert not lies_in_night(event, begins - MINUTE, ends)
    assert not lies_in_night(event, begins, ends + MINUTE)


@pytest.mark.parametrize(("zone", "day", "night"), CHANGES)
@pytest.mark.parametrize("own_zone", ZONES)
def test_change_of_clocks_between_two_time_zones(zone, day, night, own_zone):
    for hours in range(0, 36, 5):
        at = local(zone, *day, 0) + hours * HOUR
        for first, second in [(zone, ZoneInfo(own_zone)), (ZoneInfo(own_zone), zone)]:
            event, found = window(at, 30 * DAY, minutes=150, zone=first.key, own_zone=second)
            counted = counted_time(event, at, found.expires_at, second, step=15 * MINUTE)
            assert counted == 150 * MINUTE


def test_what_lies_in_the_night():
    event = Event(timezone="Pacific/Auckland")
    starts = local(AUCKLAND, 2027, 3, 10, 2)
    assert lies_in_night(event, starts, starts + 6 * HOUR)
    assert not lies_in_night(event, starts, starts + 6 * HOUR + MINUTE)
    assert not lies_in_night(event, starts, starts)
    # From 10:00 to 20:00 it is night in Berlin; from 8 to 10 and from 20 to 22 in neither.
    assert lies_in_night(event, starts + 8 * HOUR, starts + 18 * HOUR, BERLIN)
    assert not lies_in_night(event, starts, starts + 9 * HOUR, BERLIN)
    # Nights of both that follow each other without a gap.
    event = Event(timezone="Asia/Kolkata")
    starts = local(ZoneInfo("Asia/Kolkata"), 2027, 3, 10, 22)
    assert lies_in_night(event, starts, starts + 14 * HOUR, BERLIN)
    assert not lies_in_night(event, starts, starts + 14 * HOUR)


@settings(max_examples=150)
@given(
    at=times,
    until=lengths,
    zone=zones,
    own_zone=own_zones,
    minutes=settings_of_event,
    before=lengths,
    waiting=st.integers(0, 5000),
    lapses=st.integers(0, 3),
)
def test_window_never_passes_the_close(at, until, zone, minutes, before, **person):
    sales_end = at + until - before
    event, found = window(at, until, zone=zone, minutes=minutes, sales_end=sales_end, **person)
    if event.line_closes_at - at < 5 * MINUTE:
        assert found is None
    else:
        assert at + 5 * MINUTE <= found.expires_at <= min(sales_end, event.event_date)


@settings(max_examples=150)
@given(at=times, until=lengths, zone=zones, waiting=st.integers(0, 5000))
def test_window_is_between_15_minutes_and_24_hours(at, until, zone, waiting):
    _, found = window(at, until, zone=zone, waiting=waiting)
    if until < 5 * MINUTE:
        assert found is None
    else:
        assert min(15 * MINUTE, until) <= found.minutes * MINUTE <= 24 * HOUR
        assert found.expires_at - at >= min(15 * MINUTE, until)


@settings(max_examples=60)
@given(
    at=times,
    until=st.integers(60, 60 * 24 * 90).map(lambda count: count * MINUTE),
    zone=zones,
    own_zone=own_zones,
    minutes=st.integers(5, 1500),
)
def test_nights_do_not_count(at, until, zone, own_zone, minutes):
    event, found = window(at, until, zone=zone, own_zone=own_zone, minutes=minutes)
    _, without = window(at, until, zone=zone, minutes=minutes)
    counted = counted_time(event, at, found.expires_at, own_zone)
    assert found.minutes * MINUTE == counted
    if found.expires_at in (event.event_date, without.expires_at + DAY):
        assert counted <= minutes * MINUTE
    else:
        assert counted == minutes * MINUTE
    assert without.expires_at <= found.expires_at <= without.expires_at + DAY


@settings(max_examples=60)
@given(
    at=times,
    length=st.integers(1, 2000).map(lambda count: count * MINUTE),
    zone=zones,
    own_zone=own_zones,
)
def test_night_is_night_in_either_time_zone(at, length, zone, own_zone):
    event = Event(timezone=zone, event_date=at + 365 * DAY)
    asleep = counted_time(event, at, at + length, own_zone) == timedelta(0)
    assert lies_in_night(event, at, at + length, own_zone) == asleep
