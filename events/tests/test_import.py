"""Import of events from CSV: which rows are imported, which refused, and none twice."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.audit.models import AuditLog
from events.importing import (
    Candidate,
    NotImportable,
    Plan,
    Refusal,
    candidate_of,
    import_rows,
    preview,
    read_rows,
)
from events.importing.dates import moved_ahead, read_date, read_time
from events.models import Event

EVERY_REFUSAL = Path(__file__).parent / "data" / "every_refusal.csv"
NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)
HEADER = "Subject,Start Date,Start Time,Location\n"


@pytest.fixture
def a_file(tmp_path):
    """A function that writes a file and returns its path."""

    def write(content, encoding="utf-8"):
        path = tmp_path / "events.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def outcomes_of(path, **plan):
    """Return the candidate or refusal for each row."""
    return [candidate_of(row, Plan(now=NOW, **plan)) for row in read_rows(path)]


# ── One row at a time ───────────────────────────────────────────────────────
def test_each_row_is_imported_or_refused_for_one_reason():
    outcomes = [
        one.reason if isinstance(one, Refusal) else one.name for one in outcomes_of(EVERY_REFUSAL)
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
        "lantern PARADE",
        "private",
        "bad_row",
    ]


def test_candidates_have_the_values_of_the_row():
    lantern, chess, fair, choir, museums = outcomes_of(EVERY_REFUSAL, timezone="Europe/Vienna")[:5]
    vienna = ZoneInfo("Europe/Vienna")

    assert lantern.columns == {
        "name": "Lantern Parade",
        "venue": "Old Harbour",
        "description": 'Bring a lantern.\nTwo lines, and a "quoted" word.'
        "\n\nTopic: Culture\nWebsite URL: https://example.org/lanterns",
        "event_date": datetime(2030, 11, 30, 19, 30, tzinfo=vienna),
        "ends_at": datetime(2030, 11, 30, 22, 0, tzinfo=vienna),
    }
    assert chess.columns["event_date"] == datetime(2030, 6, 14, 10, 0, tzinfo=vienna)
    assert chess.columns["ends_at"] is None
    assert fair.columns["event_date"] == datetime(2030, 12, 6, 9, 0, tzinfo=vienna)
    assert fair.columns["ends_at"] == datetime(2030, 12, 8, 18, 0, tzinfo=vienna)
    assert choir.columns["venue"] == "Online"
    assert museums.columns["ends_at"] == datetime(2030, 5, 12, 2, 0, tzinfo=vienna)
    assert museums.columns["description"] == "Also online"


def test_refusals_name_the_line_and_a_valid_format():
    month = next(one for one in outcomes_of(EVERY_REFUSAL) if one.name == "Thirteenth Month")

    assert month.line == 14
    assert "2030-13-01" in month.message
    assert "2026-11-30" in month.message


def test_times_that_clocks_skip_or_show_twice_are_refused(a_file):
    rows = "Skipped,2030-03-31,02:30,Hall\nTwice,2030-10-27,02:30,Hall\n"
    clear = "First,2030-10-27,02:30+02:00,Hall\nSecond,2030-10-27,02:30+01:00,Hall\n"
    skipped, twice, first, second = outcomes_of(
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
    (one,) = outcomes_of(a_file(HEADER + " " * 2000 + f"\n{row}\n"))

    assert one.reason == "bad_character"


def test_source_key_is_the_same_however_the_row_is_written():
    outcomes = outcomes_of(EVERY_REFUSAL)

    assert outcomes[0].source_key == outcomes[15].source_key
    assert outcomes_of(EVERY_REFUSAL, timezone="Asia/Tokyo")[0].source_key == outcomes[0].source_key


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2030-11-30", date(2030, 11, 30)),
        ("2030/1/5", date(2030, 1, 5)),
        ("11/30/2030", date(2030, 11, 30)),
        ("1/5/30", date(2030, 1, 5)),
        ("30.11.2030", date(2030, 11, 30)),
        ("2030-11-30T19:30:00Z", date(2030, 11, 30)),
        ("30/11/2030", None),
        ("2030-02-30", None),
        ("tomorrow", None),
    ],
)
def test_read_date_reads_iso_american_and_dotted(text, day):
    assert read_date(text) == day


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("19:30", time(19, 30)),
        ("7:30 PM", time(19, 30)),
        ("12:05 am", time(0, 5)),
        ("12 pm", time(12, 0)),
        ("09:00:00", time(9, 0)),
        ("7.30p.m.", time(19, 30)),
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


# ── Files ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
def test_files_are_read_however_they_were_saved(a_file, encoding):
    path = a_file(HEADER + "Café “Zoë”,2030-11-30,19:30,Zürich\n", encoding)

    assert [row.get("subject") for row in read_rows(path)] == ["Café “Zoë”"]


def test_empty_lines_before_the_header_are_skipped(a_file):
    text = "\n\n" + HEADER.replace(",", ";") + "Fair;2030-11-30;19:30;Ghent\n"

    assert [row.get("subject") for row in read_rows(a_file(text))] == ["Fair"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_files_of_other_spreadsheets_are_read(a_file, delimiter):
    text = (HEADER + "Fair,2030-11-30,19:30,Ghent\n").replace(",", delimiter)

    (row,) = read_rows(a_file(text))

    assert (row.get("subject"), row.get("location")) == ("Fair", "Ghent")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("Title,When\nFair,2030-11-30\n", "needs the columns “Subject” and “Start Date”"),
        ('{"events": []}', "needs the columns"),
        ("Subject,Start Date,Subject\nFair,2030-11-30,x\n", "has the column “Subject” twice"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a text file"),
        ("BEGIN:VCALENDAR\n", "iCalendar"),
        (HEADER + "x" * 140_000 + ",2030-11-30,19:30,Ghent\n", "more than 131,072 characters"),
        (HEADER + '"Never closed,2030-11-30\n' + "x\n" * 100_000, "unclosed quotation mark"),
    ],
)
def test_files_that_cannot_be_imported_are_refused(a_file, content, message):
    with pytest.raises(NotImportable, match=message):
        list(read_rows(a_file(content)))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(NotImportable, match="No such file"):
        list(read_rows(tmp_path / "nothing.csv"))


# ── Imports ─────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_import_takes_each_event_once():
    organizer = OrganizerFactory()
    plan = Plan(now=NOW, price=Decimal("12.50"), capacity=40, publish=True)
    refusals = []

    first = import_rows(
        read_rows(EVERY_REFUSAL), plan=plan, organizer_id=organizer.pk, on_refusal=refusals.append
    )
    second = import_rows(read_rows(EVERY_REFUSAL), plan=plan, organizer_id=organizer.pk)

    assert (first.rows, first.imported) == (18, 5)
    assert first.refused["duplicate"] == 1
    assert "line 3" in next(one.message for one in refusals if one.reason == "duplicate")
    assert (second.imported, second.refused["already_imported"]) == (0, 5)
    assert Event.objects.count() == 5
    event = Event.objects.get(name="Lantern Parade")
    assert (event.total_capacity, event.available_seats, event.created_by) == (40, 40, organizer)
    assert (event.base_price, event.current_price) == (Decimal("12.50"), Decimal("12.50"))
    assert (event.payment_mode, event.published_at) == ("door", NOW)
    assert AuditLog.objects.filter(table_name="events", action="insert").count() == 5


@pytest.mark.django_db
def test_import_belongs_to_its_organizer():
    plan = Plan(now=NOW)
    for _ in range(2):
        import_rows(read_rows(EVERY_REFUSAL), plan=plan, organizer_id=OrganizerFactory().pk)

    assert Event.objects.count() == 10


@pytest.mark.django_db
def test_import_moves_past_events_once(a_file):
    path = a_file(HEADER + "Spring Ball,2021-03-05,20:00,Palace\n")
    organizer = OrganizerFactory()

    for now in (NOW, NOW + timedelta(days=400)):
        import_rows(
            read_rows(path), plan=Plan(now=now, shift_dates=True), organizer_id=organizer.pk
        )

    event = Event.objects.get()
    assert event.event_date == datetime(2030, 3, 8, 20, 0, tzinfo=UTC)
    assert event.event_date.strftime("%A") == "Friday"


@pytest.mark.django_db
def test_import_refuses_an_invalid_plan(a_file):
    with pytest.raises(CommandError, match="time zone"):
        call_command("import_events", EVERY_REFUSAL, organizer=_address(), timezone="Mars/Crater")
    with pytest.raises(CommandError, match="ISO 4217"):
        call_command("import_events", EVERY_REFUSAL, organizer=_address(), currency="1")
    with pytest.raises(CommandError, match="price of 0 or more"):
        call_command("import_events", EVERY_REFUSAL, organizer=_address(), price="-1")
    with pytest.raises(CommandError, match="1,000,000 seats"):
        call_command("import_events", EVERY_REFUSAL, organizer=_address(), capacity=0)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_preview_says_what_would_be_imported_and_changes_nothing():
    organizer = OrganizerFactory()

    shown = preview(read_rows(EVERY_REFUSAL), plan=Plan(now=NOW), organizer_id=organizer.pk, most=7)

    assert [isinstance(one, Candidate) for one in shown] == [True] * 5 + [False] * 2
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_import_costs_the_same_statements_for_1_and_100_rows(a_file, django_assert_num_queries):
    organizer = OrganizerFactory()
    for count in (1, 100):
        lines = (f"Fair {count}-{n},2030-11-30,19:30,Ghent\n" for n in range(count))
        path = a_file(HEADER + "".join(lines))
        # Look-up, savepoint and its end, who acts, insert, what was made.
        with django_assert_num_queries(6):
            import_rows(read_rows(path), plan=Plan(now=NOW), organizer_id=organizer.pk)


# ── The command ─────────────────────────────────────────────────────────────
def _address():
    organizer = OrganizerFactory()
    return organizer.email


@pytest.mark.django_db
def test_command_reports_and_imports(capsys, tmp_path):
    report = tmp_path / "refused.csv"

    call_command("import_events", EVERY_REFUSAL, organizer=_address(), report=report)

    out = capsys.readouterr().out
    assert "18 rows read, 5 imported" in out
    assert "2 refused: ends before it starts" in out
    assert "They are drafts" in out
    assert report.read_text().splitlines()[0] == "Line,Subject,Reason,What to do"
    assert len(report.read_text().splitlines()) == 14
    assert Event.objects.filter(published_at__isnull=True).count() == 5


@pytest.mark.django_db
def test_command_dry_run_changes_nothing(capsys):
    call_command("import_events", EVERY_REFUSAL, dry_run=True, organizer=_address())

    captured = capsys.readouterr()
    assert "18 rows read, 5 would be imported" in captured.out
    assert "line 8: Summer That Was: It started on 2019-07-01." in captured.err
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_command_wants_an_organizer():
    with pytest.raises(CommandError, match="--organizer EMAIL"):
        call_command("import_events", EVERY_REFUSAL)
    with pytest.raises(CommandError, match="no user with the email address"):
        call_command("import_events", EVERY_REFUSAL, organizer="nobody@example.org")
    with pytest.raises(CommandError, match="is not an organizer"):
        call_command("import_events", EVERY_REFUSAL, organizer=UserFactory().email)
