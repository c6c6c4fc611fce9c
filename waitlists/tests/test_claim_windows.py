"""How long an offer holds its seats."""

from datetime import UTC, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.models import Event
from waitlists.claim_windows import offer_window

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)

times = st.integers(0, 3 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
zones = st.sampled_from(ZONES)
lengths = st.timedeltas(MINUTE, 200 * DAY)
settings_of_event = st.none() | st.integers(1, 10080)


def window(at, until_event, *, zone="UTC", minutes=None, sales_end=None):
    event = Event(
        event_date=at + until_event,
        timezone=zone,
        promotion_window_minutes=minutes,
        sales_end_at=sales_end,
    )
    return event, offer_window(event, at=at)


def counted_time(event, start, end):
    """Return the time outside nights, minute by minute; in the last 48 hours, all of it."""
    counted, at = timedelta(0), start
    while at < end:
        local = at.astimezone(event.zone).time()
        if time(8) <= local < time(22) or at >= event.event_date - 2 * DAY:
            counted += MINUTE
        at += MINUTE
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


def test_setting_of_the_event_is_used():
    assert window(NOON, 30 * DAY, minutes=90)[1].expires_at == NOON + 90 * MINUTE


def test_window_of_an_offer_at_night_starts_in_the_morning():
    midnight = NOON + 12 * HOUR
    assert window(midnight, 30 * DAY, minutes=60)[1].expires_at == midnight + 9 * HOUR
    berlin = midnight - 1 * HOUR  # midnight there, in winter
    found = window(berlin, 30 * DAY, minutes=60, zone="Europe/Berlin")[1]
    assert found.expires_at == berlin + 9 * HOUR


def test_nights_count_in_the_last_48_hours():
    midnight = NOON + 12 * HOUR
    assert window(midnight, 47 * HOUR, minutes=60)[1].expires_at == midnight + HOUR


def test_night_with_a_change_of_clocks():
    """On 28 March 2027 clocks in Berlin skip from 2 to 3, so the night has 9 hours."""
    evening = datetime(2027, 3, 27, 21, 30, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    found = window(evening, 30 * DAY, minutes=60, zone="Europe/Berlin")[1]
    assert found.expires_at == evening + 30 * MINUTE + 9 * HOUR + 30 * MINUTE


def test_no_window_once_sales_have_ended():
    assert window(NOON, 10 * DAY, sales_end=NOON)[1] is None
    assert window(NOON, 10 * DAY, sales_end=NOON + MINUTE)[1].expires_at == NOON + MINUTE


@settings(max_examples=150, deadline=None)
@given(at=times, until=lengths, zone=zones, minutes=settings_of_event, before=lengths)
def test_window_never_passes_the_end_of_sales(at, until, zone, minutes, before):
    sales_end = at + until - before
    event, found = window(at, until, zone=zone, minutes=minutes, sales_end=sales_end)
    if sales_end <= at:
        assert found is None
    else:
        assert at < found.expires_at <= min(sales_end, event.event_date)


@settings(max_examples=150, deadline=None)
@given(at=times, until=lengths, zone=zones)
def test_window_is_between_15_minutes_and_24_hours(at, until, zone):
    event, found = window(at, until, zone=zone)
    assert min(15, ceil((event.event_date - at) / MINUTE)) <= found.minutes <= 24 * 60
    assert found.expires_at - at >= min(15 * MINUTE, event.event_date - at)


@settings(max_examples=60, deadline=None)
@given(
    at=times.map(lambda at: at.replace(second=0, microsecond=0)),
    until=st.integers(60, 60 * 24 * 90).map(lambda count: count * MINUTE),
    zone=zones,
    minutes=st.integers(1, 1500),
)
def test_nights_do_not_count(at, until, zone, minutes):
    event, found = window(at, until, zone=zone, minutes=minutes)
    counted = counted_time(event, at, found.expires_at)
    if found.expires_at < event.event_date:
        assert counted == minutes * MINUTE
    else:
        assert counted <= minutes * MINUTE
