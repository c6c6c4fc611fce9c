"""The file of all data about a person has their rows in the archive and in cold storage."""

import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.lifecycle import operations as lifecycle
from evently.accounts import operations, tasks
from evently.accounts.factories import UserFactory
from evently.accounts.locks import UserNotFound
from evently.accounts.models import DataExport, User
from evently.accounts.operations import making_exports
from evently.api.tests.client import api
from evently.lifecycle import of_person
from evently.lifecycle.files import read
from evently.lifecycle.models import ColdFile
from evently.lifecycle.restoring import restore
from evently.tests.rows import insert
from evently.tests.sql import as_at_commit, run, value
from events.factories import EventFactory
from notifications.tests.delivering import deliver_due
from tests.test_lifecycle_moves import cold, do, over

pytestmark = pytest.mark.django_db
__all__ = ["cold"]

TABLES = ["bookings_archive", "waitlists_archive"]
SECTIONS = ("bookings", "tickets", "payments", "attendance_checks", "check_ins")


class World:
    """Ana booked seats and handed one to Bob; Carla recorded the payment and let them in."""

    def __init__(self):
        self.ana = UserFactory(name="Ana Lima", email="ana@example.org")
        self.bob = UserFactory(name="Bob Stone", email="bob@example.org")
        self.event = EventFactory(name="Jazz Night", total_capacity=10, priced=20)
        self.carla = self.event.created_by
        self.booking = BookingFactory(event=self.event, user=self.ana, quantity=2)
        self.cancelled = BookingFactory(event=self.event, user=self.ana)
        BookingFactory(event=self.event)
        Booking.objects.filter(pk=self.cancelled.pk).update(
            status="cancelled", cancelled_at="2026-11-01T00:00Z", cancel_reason="I am ill"
        )
        (transfer,) = bookings.hand_over(
            event_id=self.event.pk,
            booking_id=self.booking.pk,
            ticket_ids=[self.booking.tickets.order_by("id").first().pk],
            name="Bob",
            email=self.bob.email,
        )
        bookings.accept_transfer(event_id=self.event.pk, transfer_id=transfer.pk)
        paid = {"amount": Decimal("40.00"), "currency": "EUR", "provider_reference": "bank"}
        insert(
            "payments",
            event_id=self.event.pk,
            booking_id=self.booking.pk,
            recorded_by_id=self.carla.pk,
            **paid,
        )
        run(
            "UPDATE tickets SET checked_in_at = now(), checked_in_by_id = %s"
            " WHERE booking_id = %s AND cancelled_at IS NULL",
            *(self.carla.pk, self.booking.pk),
        )
        as_at_commit()


@pytest.fixture
def world():
    return World()


def grow_old(world, clock, *, years=1):
    clock.move(timedelta(days=30 + 366 * years))
    over(world.event)


def go_cold(world, clock):
    grow_old(world, clock)
    do("archive_bookings")
    entry = {"quantity": 1, "status": "left", "record": '{"min_quantity": 1}'}
    insert(
        "waitlists_archive",
        user_id=world.ana.pk,
        event_id=world.event.pk,
        joined_at=value("SELECT now()"),
        ended_at=value("SELECT ended_at FROM bookings_archive LIMIT 1"),
        **entry,
    )
    clock.move(timedelta(days=30 + 366 * 3))
    assert do("cold_bookings", "cold_waitlists") == {"cold_bookings": 3, "cold_waitlists": 1}


def request(user):
    export = operations.request_export(user_id=user.pk)
    tasks.make_data_export(str(export.pk))
    export.refresh_from_db()
    return export


def unzipped(user, export):
    content = b"".join(operations.file_of(user=user, export=export))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def data_of(user):
    return json.loads(unzipped(user, request(user))["my-data/data.json"])


def rows(user, *sections):
    """Return rows of sections by their ids, as the file has them."""
    data = data_of(user)
    return {name: {row["id"]: row for row in data[name]} for name in sections}


# ── What is in it ───────────────────────────────────────────────────────────
def test_rows_are_the_same_in_tables_archive_and_cold_storage(world, clock):
    people = (world.ana, world.bob, world.carla)
    sections = (*SECTIONS, "payments_recorded")
    live = [rows(user, *sections) for user in people]
    assert len(live[0]["bookings"]) == 2
    # One of them is Bob's now, by a ticket in place of the one that Ana had.
    assert len(live[0]["tickets"]) == 4
    assert [row["amount"] for row in live[0]["payments"].values()] == ["40.00"]
    assert len(live[1]["tickets"]) == 1
    assert [row["holder_name"] for row in live[1]["tickets"].values()] == ["Bob"]
    assert [len(live[2][name]) for name in ("check_ins", "payments_recorded")] == [2, 1]

    grow_old(world, clock)
    do("archive_bookings")
    assert [rows(user, *sections) for user in people] == live
    DataExport.objects.update(requested_at="2026-01-01T00:00Z")
    clock.move(timedelta(days=30 + 366 * 3))
    do("cold_bookings")
    assert [rows(user, *sections) for user in people] == live


def test_texts_entries_and_transfers_are_in_it_too(world, clock):
    go_cold(world, clock)

    data = data_of(world.ana)

    reasons = {row["id"]: row["cancel_reason"] for row in data["bookings"]}
    assert reasons == {str(world.booking.pk): "", str(world.cancelled.pk): "I am ill"}
    assert {row["event__name"] for row in data["bookings"]} == {"Jazz Night"}
    (entry,) = data["archived_waitlist_entries"]
    assert (entry["event__name"], entry["status"]) == ("Jazz Night", "left")
    assert len(data["ticket_transfers"]) == 1
    assert data["cold_storage"] == {"included": True, "unread_months": []}
    (received,) = data_of(world.bob)["tickets_received"]
    assert received["event_id"] == str(world.event.pk)
    html = unzipped(world.ana, DataExport.objects.filter(user=world.ana).latest("pk"))
    assert world.booking.booking_reference in html["my-data/index.html"]
    assert "not complete" not in html["my-data/index.html"]


def test_nothing_of_others_is_in_it(world, clock):
    go_cold(world, clock)
    texts = {user.name: json.dumps(data_of(user)) for user in (world.ana, world.bob)}
    assert re.search(r"\bBob\b", texts["Ana Lima"]) is None
    assert str(world.bob.pk) not in texts["Ana Lima"]
    for secret in ("I am ill", world.booking.booking_reference, str(world.ana.pk)):
        assert secret not in texts["Bob Stone"]
    nobody = data_of(UserFactory())
    assert [nobody[name] for name in SECTIONS] == [[]] * len(SECTIONS)


def test_erased_person_has_no_export_and_no_readable_row(world, clock):
    go_cold(world, clock)
    former = User.objects.with_keys().get(pk=world.ana.pk)
    as_at_commit()
    lifecycle.erase_person(user_id=world.ana.pk, at_once=True)

    with pytest.raises(UserNotFound):
        operations.request_export(user_id=world.ana.pk)
    with pytest.raises(ValueError, match="erased"):
        making_exports.data_of(User.objects.with_keys().get(pk=world.ana.pk))
    listed = of_person.files_since(former.created_at, tables=TABLES)
    found = of_person.rows_of(world.ana.pk, world.bob.key, listed)
    mine = [row for row in found.rows["bookings_archive"] if row["user_id"] == str(world.ana.pk)]
    assert {row["cancel_reason"] for row in mine} == {""}
    sealed = [t for cold in listed for line in read(cold) for t in line.sealed.values() if t]
    assert len(sealed) == 1
    assert world.bob.key.open("cold", sealed[0]) is None
    assert "I am ill" not in json.dumps(data_of(world.bob))


# ── What is read for it ─────────────────────────────────────────────────────
def test_only_files_that_may_have_rows_of_the_person_are_read(world, clock):
    go_cold(world, clock)
    (file,) = ColdFile.objects.filter(table_name="bookings_archive")
    at = datetime(file.month.year, file.month.month, 28, 23, tzinfo=UTC)
    found = of_person.files_since(world.ana.created_at, tables=TABLES)
    assert {each.table_name for each in found} == set(TABLES)
    at += of_person.BEFORE
    assert of_person.files_since(at, tables=["bookings_archive"]) == [file]
    assert of_person.files_since(at + timedelta(days=4), tables=TABLES) == []
    assert of_person.files_since(UserFactory().created_at, tables=TABLES) == []


def test_restored_rows_are_in_it_once(world, clock, caplog):
    go_cold(world, clock)
    restore(ColdFile.objects.get(table_name="bookings_archive"))
    assert "seal_broken" not in caplog.text, "most bookings have no text"
    data = data_of(world.ana)
    assert len(data["bookings"]) == 2
    assert len(data["tickets"]) == 4


def test_file_whose_time_is_over_meanwhile_is_no_loss(world, clock, cold):
    go_cold(world, clock)
    listed = of_person.files_since(world.ana.created_at, tables=TABLES)
    clock.move(timedelta(days=365 * 10))
    do("cold_files")
    found = of_person.rows_of(world.ana.pk, world.ana.key, listed)
    assert (found.rows, found.unread) == ({}, set())


def test_what_takes_too_long_is_told(world, clock, monkeypatch):
    go_cold(world, clock)
    monkeypatch.setattr(of_person, "READ_SECONDS", -1.0)
    month = ColdFile.objects.values_list("month", flat=True).distinct().get()
    assert request(world.ana).unread_months == [month]


# ── What cannot be read ─────────────────────────────────────────────────────
def test_export_waits_for_cold_storage_and_then_does_without(
    client, clock, world, cold, mailoutbox
):
    go_cold(world, clock)
    cold.rename(cold.with_name("elsewhere"))
    cold.write_text("a file in place of the folder")
    ahead = timedelta(days=30 + 366 * 3)

    export = request(world.ana)
    for attempt in range(1, making_exports.MOST_ATTEMPTS):
        assert (export.status, export.attempts) == ("requested", attempt)
        tasks.make_data_exports()
        export.refresh_from_db()
        assert export.attempts == attempt, "not at once"
        ahead += making_exports.STALLED_AFTER + timedelta(minutes=1)
        clock.move(ahead)
        tasks.make_data_exports()
        export.refresh_from_db()

    assert (export.status, export.attempts) == ("ready", making_exports.MOST_ATTEMPTS)
    assert_says_what_is_missing(client, export, world.ana, mailoutbox)


def test_damaged_or_missing_file_is_told_at_once(client, clock, world, cold, mailoutbox):
    go_cold(world, clock)
    (cold / ColdFile.objects.get(table_name="bookings_archive").name).unlink()
    entries = cold / ColdFile.objects.get(table_name="waitlists_archive").name
    entries.write_bytes(entries.read_bytes()[:-9])

    export = request(world.ana)

    assert (export.status, export.attempts) == ("ready", 1)
    assert_says_what_is_missing(client, export, world.ana, mailoutbox)


def assert_says_what_is_missing(client, export, user, mailoutbox):
    month = ColdFile.objects.values_list("month", flat=True).distinct().get()
    assert export.unread_months == [month]
    files = unzipped(user, export)
    data = json.loads(files["my-data/data.json"])
    assert data["cold_storage"] == {"included": True, "unread_months": [f"{month:%Y-%m}"]}
    assert (data["bookings"], data["person"]["email"]) == ([], user.email)
    words = f"{month:%B %Y}"
    client.force_login(user)
    account = client.get(reverse("account")).content.decode()
    page = client.get(reverse("data_export", args=[export.pk])).content.decode()
    deliver_due()
    told = {
        "page of the file": files["my-data/index.html"],
        "text": files["my-data/README.txt"],
        "account": account,
        "page": page,
        "email": mailoutbox[-1].body,
    }
    assert {name: words in text for name, text in told.items()} == dict.fromkeys(told, True)
    listed = api(user).get(f"/api/v1/me/exports/{export.pk}/").json()
    assert listed["unread_months"] == [f"{month:%Y-%m}"]


def test_one_run_of_the_sweep_begins_files_for_a_minute_only(world, monkeypatch):
    export = operations.request_export(user_id=world.ana.pk)
    with monkeypatch.context() as patched:
        patched.setattr(making_exports, "BEGIN_SECONDS", -1.0)
        tasks.make_data_exports()
        assert DataExport.objects.get().attempts == 0
    tasks.make_data_exports()
    export.refresh_from_db()
    assert export.is_ready


# ── What lists and pages say ────────────────────────────────────────────────
def test_lists_are_without_them_and_the_page_says_so(client, world, clock):
    older = "ended more than two years ago"
    go_cold(world, clock)
    client.force_login(UserFactory())
    assert older not in client.get(reverse("my_bookings"), {"past": 1}).content.decode()
    client.force_login(world.ana)

    page = client.get(reverse("my_bookings"), {"past": 1}).content.decode()

    assert world.booking.booking_reference not in page
    assert older in page
    assert f"{reverse('account')}#data" in page
    assert older not in client.get(reverse("my_bookings")).content.decode()
    assert client.get(reverse("booking_detail", args=[world.booking.pk])).status_code == 404
    assert api(world.ana).get("/api/v1/bookings/").json()["results"] == []
    now = api(world.ana).get("/api/v1/me/export/").json()
    assert now["bookings"] == []
    assert now["cold_storage"] == {"included": False, "unread_months": []}
    assert older in client.get(reverse("account")).content.decode()


def test_months_in_words():
    export = DataExport(unread_months=[])
    assert export.missing == ""
    export.unread_months = [date(2024, 12, 1), date(2025, 1, 1), date(2024, 5, 1)]
    assert export.missing == "May 2024 and December 2024 to January 2025"
    export.unread_months = [date(2025, month, 1) for month in (7, 8, 9)]
    assert export.missing == "July to September 2025"
