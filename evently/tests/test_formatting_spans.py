"""From when to when: one formatter for emails, pages and the admin."""

from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template

from evently.formatting import span

BERLIN = "Europe/Berlin"


def at(wall, zone=BERLIN, fold=0):
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=fold)


@pytest.mark.parametrize(
    ("starts", "ends", "text"),
    [
        ("2026-12-04T20:00", None, "Fri 4 Dec 2026, 20:00 CET"),
        ("2026-12-04T20:00", "2026-12-04T20:00", "Fri 4 Dec 2026, 20:00 CET"),
        ("2026-12-04T20:00", "2026-12-04T23:00", "Fri 4 Dec 2026, 20:00 to 23:00 CET"),
        ("2026-12-04T20:00", "2026-12-05T00:00", "Fri 4 Dec 2026, 20:00 to 00:00 CET"),
        ("2026-12-04T20:00", "2026-12-05T04:59", "Fri 4 Dec 2026, 20:00 to 04:59 CET"),
        (
            "2026-12-04T20:00",
            "2026-12-05T05:00",
            "Fri 4 Dec 2026, 20:00 to Sat 5 Dec 2026, 05:00 CET",
        ),
        (
            "2026-12-04T02:00",
            "2026-12-05T04:00",
            "Fri 4 Dec 2026, 02:00 to Sat 5 Dec 2026, 04:00 CET",
        ),
        (
            "2026-07-01T10:00",
            "2026-07-04T23:00",
            "Wed 1 Jul 2026, 10:00 to Sat 4 Jul 2026, 23:00 CEST",
        ),
        (
            "2026-10-24T20:00",
            "2026-10-25T04:00",
            "Sat 24 Oct 2026, 20:00 CEST to 04:00 CET",
        ),
        (
            "2026-12-31T20:00",
            "2027-01-02T12:00",
            "Thu 31 Dec 2026, 20:00 to Sat 2 Jan 2027, 12:00 CET",
        ),
    ],
)
def test_end_has_its_date_where_the_day_differs(starts, ends, text):
    assert span(at(starts), at(ends) if ends else None, ZoneInfo(BERLIN)) == text


def test_days_are_those_of_the_time_zone():
    zone = "America/Los_Angeles"
    starts, ends = at("2026-06-04T16:00", zone), at("2026-06-04T22:00", zone)

    assert span(starts, ends, ZoneInfo(zone)) == "Thu 4 Jun 2026, 16:00 to 22:00 PDT"
    assert starts.astimezone(ZoneInfo("UTC")).date() == ends.astimezone(ZoneInfo(zone)).date()


def drawn(starts, ends, style):
    event = SimpleNamespace(
        event_date=at(starts), ends_at=at(ends) if ends else None, timezone=BERLIN
    )
    template = Template(f"{{% load formatting %}}{{% event_time event '{style}' %}}")
    return template.render(Context({"event": event, "now": at("2026-06-01T12:00")}))


def test_lists_give_the_end_of_several_days_and_the_year_of_another():
    assert drawn("2026-07-01T10:00", "2026-07-01T12:00", "short") == (
        '<time datetime="2026-07-01T10:00:00+02:00">Wed 1 Jul, 10:00</time>'
    )
    assert drawn("2026-07-01T10:00", "2026-07-04T23:00", "short") == (
        '<time datetime="2026-07-01T10:00:00+02:00">Wed 1 Jul, 10:00</time> to '
        '<time datetime="2026-07-04T23:00:00+02:00">Sat 4 Jul, 23:00</time>'
    )
    assert ">Sat 2 Jan 2027, 12:00<" in drawn("2026-12-31T20:00", "2027-01-02T12:00", "short")


def test_pages_give_start_and_end_in_full():
    assert drawn("2026-07-01T10:00", "2026-07-04T23:00", "text") == (
        "Wednesday 1 July 2026, 10:00 to Saturday 4 July 2026, 23:00"
    )
    assert drawn("2026-07-01T20:00", "2026-07-02T02:00", "text") == (
        "Wednesday 1 July 2026, 20:00 to 02:00"
    )
    assert ">Saturday 4 July 2026, 23:00<" in drawn("2026-07-01T10:00", "2026-07-04T23:00", "long")
