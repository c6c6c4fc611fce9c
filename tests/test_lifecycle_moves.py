"""Rows leave their tables when the rules say so: to archives, to cold storage, and for good."""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from bookings.factories import BookingFactory
from bookings.models import ArchivedBooking, ArchivedTotals, Booking
from boxoffice.backoffice.analytics import event_analytics
from boxoffice.lifecycle.operations.forgetting import forget_person
from evently.accounts.factories import UserFactory
from evently.audit.models import AuditLog
from evently.lifecycle.files import ColdFileDamaged, read
from evently.lifecycle.models import ColdFile, ColdState
from evently.lifecycle.registry import rules
from evently.lifecycle.running import run as carry_out
from evently.privacy.keys import destroy_key
from evently.tests.rows import (
    check_everything,
    end_offer,
    free_seats,
    full_event,
    insert,
    offer,
    wait,
)
from evently.tests.sql import as_at_commit, refused, run, value
from events.factories import EventFactory
from events.models import Event
from waitlists.ledger import events_out_of_balance
from waitlists.models import ArchivedEntry, LineEvent, Promotion, WaitlistEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def cold(settings, tmp_path):
    """Keep cold storage in a folder of the test."""
    folder = tmp_path / "cold"
    settings.STORAGES = {
        **settings.STORAGES,
        "cold": {
            "BACKEND": "evently.lifecycle.folder.PrivateFolder",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder


def do(*names):
    """Carry out some rules, by default all; return the rows by rule, of those that had any."""
    outcomes = [carry_out(rule) for rule in rules() if not names or rule.name in names]
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    as_at_commit()
    return {outcome.rule.name: outcome.rows for outcome in outcomes if outcome.rows}


def over(*events):
    """Let events be over, as the periodic task does."""
    Event.objects.filter(pk__in=[event.pk for event in events]).update(status="completed")


@pytest.fixture
def booked(clock):
    """An event of which two people have seats, one paid, and one cancelled; over for a year."""
    event = EventFactory(total_capacity=10, priced=20)
    paid = BookingFactory(event=event, quantity=2)
    BookingFactory(event=event)
    gone = BookingFactory(event=event)
    Booking.objects.filter(pk=gone.pk).update(
        status="cancelled", cancelled_at="2026-11-01T00:00Z", cancel_reason="I am ill"
    )
    insert(
        "payments",
        event_id=event.pk,
        booking_id=paid.pk,
        provider="manual",
        kind="charge",
        amount=40,
        currency="EUR",
        provider_reference="one",
        status="succeeded",
    )
    as_at_commit()
    clock.move(timedelta(days=30 + 366))
    over(event)
    return event


def test_bookings_go_to_the_archive_with_all_that_belongs_to_them(booked):
    before = event_analytics(booked)
    free = free_seats(booked.pk)
    references = set(Booking.objects.values_list("booking_reference", flat=True))
    AuditLog.objects.count()
    logged = AuditLog.objects.count()

    assert do("archive_bookings") == {"archive_bookings": 3}

    assert run("SELECT id FROM bookings") == run("SELECT id FROM tickets") == []
    assert run("SELECT id FROM payments") == []
    rows = {row.status: row for row in ArchivedBooking.objects.order_by("-quantity")}
    assert {row.booking_reference for row in ArchivedBooking.objects.all()} == references
    paid = ArchivedBooking.objects.get(quantity=2)
    assert [len(paid.parts["tickets"]), len(paid.parts["payments"])] == [2, 1]
    assert "secret" not in json.dumps(paid.parts)
    assert rows["cancelled"].cancel_reason == "I am ill"
    assert free_seats(booked.pk) == free
    assert event_analytics(booked) == before
    check_everything()
    assert events_out_of_balance() == []
    line = AuditLog.objects.latest("id")
    assert AuditLog.objects.count() == logged + 1
    assert (line.table_name, line.row_id, line.kind) == ("events", booked.pk, "archived")
    assert line.after == {"bookings": 3, "tickets": 4, "payments": 1}
    assert do("archive_bookings") == {}


def test_one_wrong_file_keeps_all_from_being_restored(booked, clock, cold, capsys):
    do("archive_bookings")
    clock.move(timedelta(days=30 + 3 * 365))
    do("cold_bookings")
    file, wrong = ColdFile.objects.get(), UserFactory().pk

    with pytest.raises(CommandError, match=rf"no file {wrong}\. Nothing was restored"):
        call_command("restore_archive", "--file", str(file.pk), "--file", str(wrong))

    call_command("restore_archive", "--list")
    listed = rf"{file.pk}  bookings_archive +{file.month:%Y-%m} +3  stored"
    assert re.search(listed, capsys.readouterr().out)
    call_command("restore_archive", "--list", "--table", "audit_log")
    assert "no such files" in capsys.readouterr().out


def test_event_that_is_not_over_for_a_year_keeps_its_bookings(booked, clock):
    clock.move(timedelta(days=30 + 364))

    assert do("archive_bookings") == {}
    with refused("trg_archive_early"):
        run("SELECT evently_archive_bookings(%s)", booked.pk)


def test_archived_bookings_go_to_cold_storage_and_come_back(booked, clock, cold):
    do("archive_bookings")
    before = event_analytics(booked)
    kept = list(ArchivedBooking.objects.order_by("id").values())

    clock.move(timedelta(days=30 + 3 * 365))
    assert do("cold_bookings") == {"cold_bookings": 3}

    assert not ArchivedBooking.objects.exists()
    file = ColdFile.objects.get()
    assert (file.state, file.rows) == (ColdState.STORED, 3)
    assert (cold / file.name).stat().st_mode & 0o777 == 0o600
    assert len(read(file)) == 3
    assert b"I am ill" not in (cold / file.name).read_bytes()
    assert event_analytics(booked) == before
    assert events_out_of_balance() == []
    sums = {row.status: row for row in ArchivedTotals.objects.all()}
    assert (sums["confirmed"].seats, sums["confirmed"].amount) == (3, Decimal(60))

    call_command("restore_archive", "--month", f"{file.month:%Y-%m}", "--table", "bookings_archive")

    assert list(ArchivedBooking.objects.order_by("id").values()) == kept
    assert event_analytics(booked) == before
    assert do("cold_bookings") == {}
    clock.move(timedelta(days=30 + 3 * 365 + 31))
    assert do("cold_bookings") == {"cold_bookings": 3}
    assert not ArchivedBooking.objects.exists()
    assert events_out_of_balance() == []


def test_files_are_deleted_after_seven_years_with_a_record(booked, clock, cold):
    do("archive_bookings")
    clock.move(timedelta(days=30 + 3 * 365))
    do("cold_bookings")
    file = ColdFile.objects.get()

    with refused("trg_cold_kept"):
        file.delete()
    assert do("cold_files") == {}
    clock.move(timedelta(days=60 + 8 * 365))
    assert do("cold_files") == {"cold_files": 3}

    assert not ColdFile.objects.exists()
    assert [path for path in cold.rglob("*") if path.is_file()] == []
    record = AuditLog.objects.filter(table_name="cold_files", action="delete").get()
    assert record.before["sha256"] == file.sha256


def test_erased_person_is_unreadable_in_archive_and_cold_storage(booked, clock):
    cancelled = Booking.objects.get(status="cancelled")
    do("archive_bookings")
    clock.move(timedelta(days=30 + 3 * 365))
    do("cold_bookings")
    file = ColdFile.objects.get()
    assert "I am ill" in restored_texts(file)

    forget_person(user_id=cancelled.user_id)
    destroy_key(user_id=cancelled.user_id)

    assert restored_texts(file) == {""}
    call_command("restore_archive", "--table", "bookings_archive")
    assert ArchivedBooking.objects.get(pk=cancelled.pk).cancel_reason == ""


def restored_texts(file):
    from evently.lifecycle.restoring import opened

    return {text for line in read(file) for text in opened(file.table_name, line).values()}


def test_damaged_file_is_not_restored(booked, clock, cold):
    do("archive_bookings")
    clock.move(timedelta(days=30 + 3 * 365))
    do("cold_bookings")
    file = ColdFile.objects.get()
    path = cold / file.name
    path.write_bytes(path.read_bytes()[:-3] + b"xyz")

    with pytest.raises(ColdFileDamaged):
        read(file)
    with pytest.raises(CommandError):
        call_command("restore_archive", "--table", "bookings_archive")
    assert not ArchivedBooking.objects.exists()


def test_row_that_changes_meanwhile_stays_in_the_database(booked, clock, cold, monkeypatch):
    do("archive_bookings")
    clock.move(timedelta(days=30 + 3 * 365))
    storage = type(storages["cold"])
    save = storage.save

    def change_then_save(self, name, content):
        run("UPDATE bookings_archive SET cancel_reason = 'new' WHERE quantity = 2")
        return save(self, name, content)

    with monkeypatch.context() as patched:
        patched.setattr(storage, "save", change_then_save)
        (rule,) = (rule for rule in rules() if rule.name == "cold_bookings")
        assert carry_out(rule).error == "IntegrityError"

    assert ArchivedBooking.objects.count() == 3
    assert not ColdFile.objects.exists()
    assert [path for path in cold.rglob("*") if path.is_file()] == []
    assert do("cold_bookings") == {"cold_bookings": 3}


def test_waitlist_is_archived_six_months_after_its_event(clock):
    event_id, _ = full_event(capacity=4)
    entries = [wait(event_id), wait(event_id)]
    run("UPDATE bookings SET quantity = 3, total_amount = 0")
    promotion = offer(entries[0])
    end_offer(promotion, "expired")
    run("UPDATE waitlists SET status = 'left' WHERE status = 'waiting'")
    as_at_commit()
    record = list(LineEvent.objects.values("id", "hash"))
    clock.move(timedelta(days=30 + 180))
    Event.objects.update(status="completed")
    record = list(LineEvent.objects.values("id", "hash"))
    assert do("archive_waitlists") == {}
    with refused("trg_archive_early"):
        run("SELECT evently_archive_waitlist(%s)", event_id)

    clock.move(timedelta(days=30 + 190))
    assert do("archive_waitlists") == {"archive_waitlists": 2}

    assert not WaitlistEntry.objects.exists()
    assert not Promotion.objects.exists()
    archived = ArchivedEntry.objects.get(pk=entries[0])
    assert [one["status"] for one in archived.offers] == ["expired"]
    assert "ref" not in archived.record
    assert list(LineEvent.objects.values("id", "hash")) == record
    check_everything()

    clock.move(timedelta(days=30 + 3 * 365))
    assert do("cold_waitlists") == {"cold_waitlists": 2}
    assert not ArchivedEntry.objects.exists()


def test_open_waitlist_is_not_archived(clock):
    event_id, _ = full_event()
    wait(event_id)
    clock.move(timedelta(days=400))
    Event.objects.update(status="completed")

    assert do("archive_waitlists") == {}
    with refused("trg_archive_open"):
        run("SELECT evently_archive_waitlist(%s)", event_id)


def test_attempts_are_deleted_after_ninety_days(clock):
    event = EventFactory()
    for days in (89, 91):
        insert(
            "booking_attempts",
            event_id=event.pk,
            result="failed",
            failure_reason="x",
            attempted_at=value("SELECT now() - make_interval(days => %s)", days),
        )

    assert do("attempts") == {"attempts": 1}

    assert value("SELECT count(*) FROM booking_attempts") == 1
    line = AuditLog.objects.filter(table_name="booking_attempts").latest("id")
    assert (line.action, line.kind, line.after["rows"]) == ("delete", "expired", 1)


def test_tables_without_a_rule_do_not_expire(db):
    for statement in (
        "SELECT evently_expire('users', 10)",
        "SELECT evently_expire('bookings_archive', 10)",
    ):
        with refused("trg_retention_rule"):
            run(statement)
