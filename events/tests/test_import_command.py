"""`manage.py import_events`."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from evently.accounts.factories import OrganizerFactory, UserFactory
from events.models import Event
from events.tests.importing import EVERY_REFUSAL, HEADER

ZONE = {"timezone": "Europe/Berlin"}


def _address():
    organizer = OrganizerFactory()
    return organizer.email


@pytest.mark.django_db
def test_command_reports_and_imports(capsys, tmp_path):
    report = tmp_path / "refused.csv"

    call_command("import_events", EVERY_REFUSAL, organizer=_address(), report=report, **ZONE)

    out = capsys.readouterr().out
    assert "18 rows read, 5 imported" in out
    assert "2 refused: ends before it starts" in out
    assert "They are drafts" in out
    assert report.read_text().splitlines()[0] == "Line,Subject,Result,Reason,What to do"
    assert len(report.read_text().splitlines()) == 19
    assert Event.objects.filter(published_at__isnull=True).count() == 5


@pytest.mark.django_db
def test_command_dry_run_changes_nothing(capsys):
    call_command("import_events", EVERY_REFUSAL, dry_run=True, organizer=_address(), **ZONE)

    captured = capsys.readouterr()
    assert "18 rows read, 5 would be imported" in captured.out
    assert "line 8: Summer That Was: It started on 2019-07-01." in captured.out
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_command_wants_an_organizer():
    with pytest.raises(CommandError, match="--organizer EMAIL"):
        call_command("import_events", EVERY_REFUSAL)
    with pytest.raises(CommandError, match="no user with the email address"):
        call_command("import_events", EVERY_REFUSAL, organizer="nobody@example.org")
    with pytest.raises(CommandError, match="is not an organizer"):
        call_command("import_events", EVERY_REFUSAL, organizer=UserFactory().email)


@pytest.mark.django_db
def test_command_asks_for_what_the_file_leaves_open(a_file, capsys):
    path = a_file(HEADER + "Fair,05/06/2030,19:30,Ghent\n")

    with pytest.raises(CommandError) as asked:
        call_command("import_events", path, organizer=_address())

    assert "--timezone Europe/Berlin" in str(asked.value)
    assert "--day-first or --month-first" in str(asked.value)
    call_command("import_events", path, "--day-first", organizer=_address(), **ZONE)
    assert "are read as times in Europe/Berlin" in capsys.readouterr().out
    assert Event.objects.get().starts_locally.date() == date(2030, 6, 5)


@pytest.mark.django_db
def test_command_sums_refusals_up(a_file, capsys):
    call_command(
        "import_events",
        a_file(HEADER + "Fair,2019-05-06,19:30,Ghent\n" * 50),
        organizer=_address(),
        **ZONE,
    )

    out = capsys.readouterr().out
    assert "50 refused: in the past" in out
    assert out.count("It started on") == 3
    assert "and 47 more" in out
    assert "--report" in out


@pytest.mark.django_db
def test_command_reads_prices_with_a_comma(a_file):
    path = a_file(HEADER + "Fair,2030-05-06,19:30,Ghent\n")

    call_command("import_events", path, organizer=_address(), price="12,50", **ZONE)
    with pytest.raises(CommandError, match="JPY has no decimals"):
        call_command(
            "import_events", path, organizer=_address(), price="12,50", currency="JPY", **ZONE
        )

    assert Event.objects.get().base_price == Decimal("12.50")


@pytest.mark.django_db
def test_command_refuses_an_invalid_plan(a_file):
    with pytest.raises(CommandError, match="time zone"):
        call_command("import_events", EVERY_REFUSAL, organizer=_address(), timezone="Mars/Crater")
    with pytest.raises(CommandError, match="ISO 4217"):
        call_command("import_events", EVERY_REFUSAL, organizer=_address(), currency="1")
    with pytest.raises(CommandError, match="price of 0 or more"):
        call_command("import_events", EVERY_REFUSAL, organizer=_address(), price="-1")
    with pytest.raises(CommandError, match="1,000,000 seats"):
        call_command("import_events", EVERY_REFUSAL, organizer=_address(), capacity=0)
    assert not Event.objects.exists()
