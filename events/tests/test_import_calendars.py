"""Import of iCalendar files as Google, Outlook, Apple and Nextcloud write them."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from events.importing import occurrences
from events.importing.files import bytes_source, file_source
from events.importing.plan import Candidate, Plan
from events.importing.survey import Undecided, answered, outcomes_of, survey

DATA = Path(__file__).parent / "data"
NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def read_all(source, **plan):
    found = survey(source)
    return list(outcomes_of(source, found, answered(found, Plan(now=NOW, **plan))))


def calendar(*lines, head=()):
    """Return the source of a calendar with one entry."""
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", *head, "BEGIN:VEVENT", "UID:one", "SUMMARY:Tea"]
    text += ["LOCATION:Hall", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    return bytes_source("\r\n".join(text).encode())


def starts_of(outcomes, zone=BERLIN):
    return [
        f"{one.columns['event_date'].astimezone(zone):%Y-%m-%d %H:%M}"
        if isinstance(one, Candidate)
        else one.reason
        for one in outcomes
    ]


# ── What programs write ─────────────────────────────────────────────────────
def test_google_times_in_utc_belong_to_the_calendars_zone():
    session, *_ = read_all(file_source(DATA / "google.ics"))

    assert session.columns == {
        "name": "Midsummer Session",
        "venue": "Cellar, Main Street 1, Berlin",
        "description": "Two sets.\nBring friends & family.",
        "event_date": datetime(2030, 6, 14, 18, 0, tzinfo=UTC),
        "ends_at": datetime(2030, 6, 14, 20, 0, tzinfo=UTC),
        "timezone": "Europe/Berlin",
    }


def test_google_series_keep_their_wall_clock_and_their_exceptions():
    _, first, moved, last, private = read_all(file_source(DATA / "google.ics"))

    assert starts_of([first, moved, last]) == [
        "2030-10-13 19:30",
        "2030-10-28 20:00",
        "2030-11-03 19:30",
    ]
    assert moved.name == "Monday Jam"
    assert private.reason == "private"
    assert len({one.source_key for one in (first, moved, last)}) == 3


def test_google_people_and_reminders_are_left_out():
    assert set(survey(file_source(DATA / "google.ics")).left_out) == {"ATTENDEE"}


def test_outlook_zones_of_windows_are_known():
    roses, board = read_all(file_source(DATA / "outlook.ics"))

    assert roses.columns["timezone"] == "Europe/Berlin"
    assert roses.columns["event_date"] == datetime(2030, 5, 6, 8, 0, tzinfo=UTC)
    assert roses.columns["description"] == "Workshop in the garden."
    assert board.reason == "private"


def test_apple_venues_days_and_cancellations():
    source = file_source(DATA / "apple.ics")
    with pytest.raises(Undecided) as asked:
        read_all(source)
    assert list(asked.value.fields) == ["timezone"]

    night, days, talk = read_all(source, timezone="America/Los_Angeles")
    pacific = ZoneInfo("America/Los_Angeles")

    assert night.columns["venue"] == "City Museum, 200 Larkin St, San Francisco"
    assert days.columns["event_date"] == datetime(2030, 8, 1, 9, 0, tzinfo=pacific)
    assert days.columns["ends_at"] == datetime(2030, 8, 2, 18, 0, tzinfo=pacific)
    assert talk.reason == "cancelled"


def test_nextcloud_monthly_series_and_a_venue_for_all():
    source = file_source(DATA / "nextcloud.ics")
    dates = read_all(source, venue="Library")

    assert starts_of(dates) == ["2030-05-02 18:30", "2030-06-06 18:30", "2030-07-04 18:30"]
    assert dates[0].columns["timezone"] == "Europe/Vienna"
    assert dates[0].columns["ends_at"] == datetime(2030, 5, 2, 18, 0, tzinfo=UTC)
    assert survey(source).left_out["VTODO"] == 1


# ── Time zones ──────────────────────────────────────────────────────────────
def test_times_that_clocks_skip_are_refused_and_dates_of_a_series_move():
    once = calendar("DTSTART;TZID=Europe/Berlin:20300331T023000")
    series = calendar("DTSTART;TZID=Europe/Berlin:20300330T023000", "RRULE:FREQ=DAILY;COUNT=3")

    assert starts_of(read_all(once)) == ["no_such_time"]
    assert starts_of(read_all(series)) == [
        "2030-03-30 02:30",
        "2030-03-31 03:30",
        "2030-04-01 02:30",
    ]


def test_a_zone_that_the_file_defines_itself_is_used():
    zone = ("BEGIN:VTIMEZONE", "TZID:Club Time", "BEGIN:STANDARD", "DTSTART:19700101T000000")
    zone += ("TZOFFSETFROM:+0300", "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE")
    source = calendar("DTSTART;TZID=Club Time:20300504T200000", head=zone)

    (tea,) = read_all(source, timezone="Europe/Berlin")

    assert tea.columns["event_date"] == datetime(2030, 5, 4, 17, 0, tzinfo=UTC)
    assert tea.columns["timezone"] == "Europe/Berlin"


def test_an_unknown_zone_is_refused_and_a_missing_one_asked_for():
    unknown = calendar("DTSTART;TZID=Club Time:20300504T200000")
    floating = calendar("DTSTART:20300504T200000")

    assert starts_of(read_all(unknown, timezone="Europe/Berlin")) == ["bad_zone"]
    with pytest.raises(Undecided):
        read_all(floating)
    assert starts_of(read_all(floating, timezone="Europe/Berlin")) == ["2030-05-04 20:00"]


# ── Limits ──────────────────────────────────────────────────────────────────
def test_endless_series_end_after_two_years():
    source = calendar("DTSTART;TZID=Europe/Berlin:20200504T200000", "RRULE:FREQ=WEEKLY")
    *dates, rest = read_all(source)

    assert len(dates) == 104
    assert dates[0].columns["event_date"] > NOW
    assert rest.reason == "later_dates"
    assert "2032-01" in rest.message


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("FREQ=SECONDLY", "too_often"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5,6;BYMINUTE=0,10,20,30,40,50", "too_often"),
        ("FREQ=WEEKLY;UNTIL=20200101T000000Z", "past"),
        ("FREQ=NEVER", "unreadable"),
        ("INTERVAL=nothing", "unreadable"),
    ],
)
def test_rules_that_cannot_be_carried_out_are_refused(rule, reason):
    source = calendar("DTSTART;TZID=Europe/Berlin:20190504T200000", f"RRULE:{rule}")

    assert starts_of(read_all(source)) == [reason]


def test_a_rule_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(occurrences, "SECONDS_PER_SERIES", 0.05)
    source = calendar("DTSTART;TZID=Europe/Berlin:16010101T200000", "RRULE:FREQ=DAILY")

    (refused,) = read_all(source)

    assert refused.reason == "too_often"


def test_entries_that_are_no_events_are_refused_alone():
    text = (DATA / "google.ics").read_text()
    broken = text.replace("DTSTART:20300614T180000Z", "DTSTART:yesterday")

    session, *others = read_all(bytes_source(broken.encode()), timezone="Europe/Berlin")

    assert session.reason == "bad_date"
    assert len(others) == 4
