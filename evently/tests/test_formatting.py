"""How amounts, times and counts are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template

from evently import formatting


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 seats"), (1, "1 seat"), (2, "2 seats"), (1200, "1,200 seats")]
)
def test_seats_are_counted_with_their_noun(number, text):
    assert formatting.seats(number) == text
    template = Template('{% load formatting %}{{ n|counted:"seat" }}')
    assert template.render(Context({"n": number})) == text


def test_irregular_plurals_are_given():
    assert formatting.counted(1, "person", "people") == "1 person"
    assert formatting.counted(3, "person", "people") == "3 people"
    template = Template('{% load formatting %}{{ n|counted:"person,people" }}')
    assert template.render(Context({"n": 3})) == "3 people"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1280.5", "EUR", "€1,280.50"),
        ("1280.5", "CHF", "1,280.50 CHF"),
        ("1280", "JPY", "1,280 JPY"),
        ("1280.00", "JPY", "1,280 JPY"),
        ("1000.50", "JPY", "1,000.5 JPY"),
        ("1.5", "KWD", "1.500 KWD"),
        ("0", "KRW", "0 KRW"),
        ("2.00", "XQZ", "2.00 XQZ"),
    ],
)
def test_money_has_the_decimals_of_its_currency(amount, currency, text):
    assert formatting.money(Decimal(amount), currency) == text
    template = Template("{% load formatting %}{{ amount|money:currency }}")
    assert template.render(Context({"amount": Decimal(amount), "currency": currency})) == text


def test_no_amount_is_zero():
    assert formatting.money(None, "EUR") == "€0.00"


def test_both_times_of_an_hour_that_clocks_show_twice_are_told_apart():
    zone = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2027, 10, 31, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
    assert formatting.moment(first, zone) == "Sun 31 Oct 2027, 02:30 CEST"
    assert formatting.moment(second, zone) == "Sun 31 Oct 2027, 02:30 CET"


def test_moments_are_in_the_given_zone_on_both_sides_of_a_clock_change():
    zone = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert formatting.moment(before, zone) == "Sun 25 Oct 2026, 02:30 CEST"
    after = before + timedelta(hours=1)
    assert formatting.moment(after, zone) == "Sun 25 Oct 2026, 02:30 CET"
    assert formatting.moment(after, zone, with_zone=False) == "Sun 25 Oct 2026, 02:30"
    assert formatting.moment(None, zone) == formatting.MISSING


@pytest.mark.parametrize(
    ("at", "own_zone", "text"),
    [
        ("2026-12-04T01:00Z", "Europe/Berlin", "02:00 for you in Berlin"),
        ("2026-12-04T01:00Z", "America/New_York", "Thu 3 Dec, 20:00 for you in New York"),
        ("2026-12-04T01:00Z", "UTC", "01:00 for you in UTC"),
        # Clocks in Fiji show the same as in Auckland in winter, and one hour less in summer.
        ("2026-12-04T01:00Z", "Pacific/Fiji", "13:00 for you in Fiji"),
        ("2026-07-04T01:00Z", "Pacific/Fiji", ""),
        ("2026-12-04T01:00Z", "Antarctica/McMurdo", ""),
    ],
)
def test_time_is_also_given_in_the_zone_of_the_reader(at, own_zone, text):
    at, zone = datetime.fromisoformat(at), ZoneInfo("Pacific/Auckland")
    assert formatting.own_time(at, zone, ZoneInfo(own_zone)) == text
    whole = formatting.moment(at, zone) + (f" ({text})" if text else "")
    assert formatting.moment_for(at, zone, ZoneInfo(own_zone)) == whole
    assert formatting.moment_for(at, zone, None) == formatting.moment(at, zone)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=2, minutes=15), "2 hours 15 minutes"),
        (timedelta(days=7), "7 days"),
        (timedelta(days=1, hours=3), "1 day 3 hours"),
    ],
)
def test_durations_are_written_in_words(length, text):
    assert formatting.duration(length) == text


@pytest.mark.parametrize(("number", "text"), [(1, "once"), (2, "2 times"), (1000, "1,000 times")])
def test_times_are_counted(number, text):
    assert formatting.times(number) == text
