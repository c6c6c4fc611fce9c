"""Import of events from CSV: which rows are imported, which refused, and none twice."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from evently.accounts.factories import OrganizerFactory
from evently.audit.models import AuditLog
from events.importing.dates import DayOrder, Stamp, moved_ahead, read_stamp, read_time
from events.importing.files import file_source
from events.importing.plan import Refusal
from events.importing.survey import Undecided, survey
from events.models import Event
from events.tests.importing import EET, EVERY_REFUSAL, HEADER, NOW, read_all, run


# ── One row at a time ───────────────────────────────────────────────────────
def test_each_row_is_imported_or_refused_for_one_reason():
    outcomes = [
        one.reason if isinstance(one, Refusal) else one.name for one in read_all(EVERY_REFUSAL)
    ]

    assert outcomes == [
        "Lantern Parade",
        "Chess in the Park",
        "Winter Fair",
        "Remote Choir",
        "Night of Museums",
        "past",
        "no_name",
        "name_too_long",
        "no_place",
        "place_too_long",
        "no_date",
        "bad_date",
        "bad_time",
        "ends_before_start",
        "ends_before_start",
        "duplicate",
        "private",
        "bad_row",
    ]


def test_candidates_have_the_values_of_the_row():
    lantern, chess, fair, choir, museums = read_all(EVERY_REFUSAL, timezone="Europe/Vienna")[:5]
    vienna = ZoneInfo("Europe/Vienna")

    assert lantern.columns == {
        "name": "Lantern Parade",
        "venue": "Old Harbour",
        "description": 'Bring a lantern.\nTwo lines, and a "quoted" word.',
        "event_date": datetime(2030, 11, 30, 19, 30, tzinfo=vienna),
        "ends_at": datetime(2030, 11, 30, 22, 0, tzinfo=vienna),
        "timezone": "Europe/Vienna",
    }
    assert chess.columns["event_date"] == datetime(2030, 6, 14, 10, 0, tzinfo=vienna)
    assert chess.columns["ends_at"] is None
    assert fair.columns["event_date"] == datetime(2030, 12, 6, 9, 0, tzinfo=vienna)
    assert fair.columns["ends_at"] == datetime(2030, 12, 8, 18, 0, tzinfo=vienna)
    assert choir.columns["venue"] == "Online"
    assert museums.columns["ends_at"] == datetime(2030, 5, 12, 2, 0, tzinfo=vienna)
    assert museums.columns["description"] == "Also online"


def test_refusals_name_the_line_and_a_valid_format():
    month = next(one for one in read_all(EVERY_REFUSAL) if one.name == "Thirteenth Month")

    assert month.line == 14
    assert "2030-13-01" in month.message
    assert "2026-11-30" in month.message


def test_times_that_clocks_skip_or_show_twice_are_refused(a_file):
    rows = "Skipped,2030-03-31,02:30,Hall\nTwice,2030-10-27,02:30,Hall\n"
    clear = "First,2030-10-27,02:30+02:00,Hall\nSecond,2030-10-27,02:30+01:00,Hall\n"
    skipped, twice, first, second = read_all(
        a_file(HEADER + rows + clear), timezone="Europe/Berlin"
    )

    assert (skipped.reason, twice.reason) == ("no_such_time", "no_such_time")
    assert "clocks go forward from 02:00 to 03:00" in skipped.message
    assert "exists twice" in twice.message
    assert "02:30+02:00" in twice.message
    assert first.columns["event_date"] == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)
    assert second.columns["event_date"] == datetime(2030, 10, 27, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("invisible", ["\x00", "\x1b"])
def test_invisible_characters_are_refused(a_file, invisible):
    row = f"Bad{invisible} Name,2030-11-30,19:30,Harbour"
    (one,) = read_all(a_file(HEADER + " " * 2000 + f"\n{row}\n"))

    assert one.reason == "bad_character"


def test_source_key_is_the_same_however_the_row_is_written(a_file):
    rows = "Fair,2030-11-30,19:30,Ghent\n", " FAIR ,11/30/2030,7:30 PM,ghent\n"
    (first,), (second,) = (read_all(a_file(HEADER + row)) for row in rows)

    assert first.source_key == second.source_key
    assert read_all(a_file(HEADER + rows[0]), timezone="Asia/Tokyo")[0].source_key == (
        first.source_key
    )


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2030-11-30", Stamp(date(2030, 11, 30))),
        ("2030/1/5", Stamp(date(2030, 1, 5))),
        ("5/5/30", Stamp(date(2030, 5, 5))),
        ("30.11.2030", Stamp(date(2030, 11, 30))),
        ("30. November 2030", Stamp(date(2030, 11, 30))),
        ("Sat, 30 Nov 2030", Stamp(date(2030, 11, 30))),
        ("November 30th, 2030", Stamp(date(2030, 11, 30))),
        ("5. Mai 2030", Stamp(date(2030, 5, 5))),
        ("2030-11-30 00:00:00", Stamp(date(2030, 11, 30))),
        ("2030-11-30 19:30", Stamp(date(2030, 11, 30), time(19, 30))),
        ("30.11.2030, 7:30 pm", Stamp(date(2030, 11, 30), time(19, 30))),
        ("2030-11-30T19:30:00Z", Stamp(date(2030, 11, 30), time(19, 30, tzinfo=UTC))),
        ("20301130T193000Z", Stamp(date(2030, 11, 30), time(19, 30, tzinfo=UTC))),
        ("2030-11-30T19:30:00.000+0200", Stamp(date(2030, 11, 30), time(19, 30, tzinfo=EET))),
        ("05/06/2030", None),
        ("2030-11-30 evening", None),
        ("2030-02-30", None),
        ("13.13.2030", None),
        ("30 Smarch 2030", None),
        ("tomorrow", None),
    ],
)
def test_read_stamp_reads_dates_with_and_without_times(text, stamp):
    found = read_stamp(text)

    assert found == stamp
    assert found is None or (found.clock and found.clock.tzinfo) == (
        stamp.clock and stamp.clock.tzinfo
    )


@pytest.mark.parametrize(
    ("order", "day"),
    [(DayOrder.DAY_FIRST, date(2030, 6, 5)), (DayOrder.MONTH_FIRST, date(2030, 5, 6))],
)
def test_read_stamp_reads_either_order(order, day):
    assert read_stamp("05/06/2030", order) == Stamp(day)
    assert read_stamp("05-06-30", order) == Stamp(day)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("19:30", time(19, 30)),
        ("7:30 PM", time(19, 30)),
        ("12:05 am", time(0, 5)),
        ("12 pm", time(12, 0)),
        ("09:00:00", time(9, 0)),
        ("7.30p.m.", time(19, 30)),
        ("19h30", time(19, 30)),
        ("1930", time(19, 30)),
        ("19:30 GMT", time(19, 30, tzinfo=UTC)),
        ("25:00", None),
        ("13:00 PM", None),
        ("9", None),
        ("noon", None),
    ],
)
def test_read_time_reads_both_clocks(text, clock):
    assert read_time(text) == clock


@pytest.mark.parametrize("day", [date(2017, 5, 4), date(2024, 2, 29), date(2029, 12, 31)])
def test_moved_ahead_keeps_weekday_and_season(day):
    moved = moved_ahead(day, after=NOW.date())

    assert moved > NOW.date()
    assert moved.weekday() == day.weekday()
    in_same_year = day.replace(year=2024)
    assert abs((moved.replace(year=2024) - in_same_year).days) % 363 <= 4


def test_a_time_in_the_date_column_counts(a_file):
    rows = (
        "Offset,2030-05-05T19:00:00+02:00,,Hall\n"
        "Local,2030-05-05 19:00,,Hall\n"
        "Both,2030-05-05T19:00,19:00,Hall\n"
        "Two,2030-05-05T19:00,20:00,Hall\n"
        "Words,2030-05-05 evening,,Hall\n"
    )
    offset, local, both, two, words = read_all(a_file(HEADER + rows), timezone="Asia/Tokyo")

    assert offset.columns["event_date"] == datetime(2030, 5, 5, 17, 0, tzinfo=UTC)
    assert offset.columns["ends_at"] is None
    assert local.columns["event_date"] == datetime(2030, 5, 5, 10, 0, tzinfo=UTC)
    assert both.columns["event_date"] == local.columns["event_date"]
    assert (two.reason, words.reason) == ("two_times", "bad_date")


def test_a_file_proves_its_day_order(a_file):
    rows = "One,05/06/2030,19:30,Hall\nTwo,13/05/2030,19:30,Hall\n"
    one, two = read_all(a_file(HEADER + rows))

    assert [each.columns["event_date"].date() for each in (one, two)] == [
        date(2030, 6, 5),
        date(2030, 5, 13),
    ]


def test_a_file_that_proves_no_day_order_is_asked(a_file):
    path = a_file(HEADER + "One,05/06/2030,19:30,Hall\n")
    contradictory = "One,13/05/2030,19:30,Hall\nTwo,05/13/2030,19:30,Hall\n"

    with pytest.raises(Undecided) as asked:
        read_all(path)
    assert "05/06/2030" in asked.value.fields["day_order"]
    (one,) = read_all(path, day_order=DayOrder.MONTH_FIRST)
    assert one.columns["event_date"].date() == date(2030, 5, 6)

    with pytest.raises(Undecided, match="open"):
        read_all(a_file(HEADER + contradictory))
    one, two = read_all(a_file(HEADER + contradictory), day_order=DayOrder.DAY_FIRST)
    assert one.columns["event_date"].date() == date(2030, 5, 13)
    assert (two.reason, "day first" in two.message) == ("bad_date", True)


def test_a_time_zone_is_asked_for_unless_rows_have_their_own(a_file):
    with pytest.raises(Undecided) as asked:
        read_all(a_file(HEADER + "One,2030-05-06,19:30,Hall\n"), timezone="")
    assert list(asked.value.fields) == ["timezone"]

    header = HEADER.strip() + ",Time Zone\n"
    rows = "One,2030-05-06,19:30,Hall,Asia/Tokyo\nTwo,2030-05-06,19:30,Hall,Mars/Crater\n"
    one, two = read_all(a_file(header + rows), timezone="")
    assert one.columns["timezone"] == "Asia/Tokyo"
    assert one.columns["event_date"] == datetime(2030, 5, 6, 10, 30, tzinfo=UTC)
    assert two.reason == "bad_zone"


OUTLOOK = (
    '"Subject","Start Date","Start Time","End Date","End Time","All day event","Reminder on/off",'
    '"Meeting Organizer","Required Attendees","Description","Location","Private","Sensitivity"\n'
    '"Tea","5/13/2030","7:00:00 PM","5/13/2030","9:00:00 PM","False","True","Ada",'
    '"bob@example.org","Bring a cup","Hall","False","Normal"\n'
    '"Fair","5/14/2030","12:00:00 AM","5/16/2030","12:00:00 AM","True","False","Ada","","",'
    '"Hall","False","Normal"\n'
    '"Talk","5/14/2030","7:00:00 PM","5/14/2030","9:00:00 PM","False","False","Ada","","",'
    '"Hall","False","Private"\n'
    '"Check","5/14/2030","7:00:00 PM","5/14/2030","9:00:00 PM","False","False","Ada","","",'
    '"Hall","False","Confidential"\n'
)


def test_what_outlook_exports_is_not_published(a_file):
    path = a_file(OUTLOOK)
    tea, fair, talk, check = read_all(path)

    assert tea.columns["description"] == "Bring a cup"
    assert fair.columns["ends_at"] == datetime(2030, 5, 15, 18, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (talk.reason, check.reason) == ("private", "private")
    assert set(survey(file_source(path)).left_out) == {
        "Reminder on/off",
        "Meeting Organizer",
        "Required Attendees",
    }
    (kept, *_) = read_all(path, kept_columns=frozenset({"Meeting Organizer"}))
    assert kept.columns["description"] == "Bring a cup\n\nMeeting Organizer: Ada"


def test_a_venue_is_given_to_events_without_one(a_file):
    path = a_file("Subject,Start Date,Start Time\nTea,2030-05-13,19:00\n")

    (refused,) = read_all(path)
    (tea,) = read_all(path, venue="Town Hall")

    assert refused.reason == "no_place"
    assert tea.columns["venue"] == "Town Hall"


# ── Imports ─────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_import_takes_each_event_once():
    organizer = OrganizerFactory()
    plan = {"price": Decimal("12.50"), "capacity": 40, "publish": True}

    first = run(EVERY_REFUSAL, organizer, **plan)
    second = run(EVERY_REFUSAL, organizer, **plan)

    assert (first["done_rows"], first["refused"]) == (5, 13)
    assert first["duplicate"] == 1
    assert (second["new"], second["changed"], second["unchanged"]) == (0, 0, 5)
    assert Event.objects.count() == 5
    event = Event.objects.get(name="Lantern Parade")
    assert (event.total_capacity, event.available_seats, event.created_by) == (40, 40, organizer)
    assert (event.base_price, event.current_price) == (Decimal("12.50"), Decimal("12.50"))
    assert (event.payment_mode, event.is_published) == ("door", True)
    assert AuditLog.objects.filter(table_name="events", action="insert").count() == 5


@pytest.mark.django_db
def test_import_belongs_to_its_organizer():
    for _ in range(2):
        run(EVERY_REFUSAL)

    assert Event.objects.count() == 10
