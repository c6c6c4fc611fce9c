"""Prices, the audit log and accounts by their rules; archived bookings in lists and exports."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from bookings.attendees import attendees
from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.retention import left, unused
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.accounts.models import User
from evently.api.tests.client import api
from evently.audit.models import AuditLog
from evently.lifecycle.models import ColdFile
from evently.tests.rows import event as insert_event
from evently.tests.sql import as_at_commit, refused, run, value
from events.factories import EventFactory
from events.models import Event, PriceChange
from tests.test_lifecycle_moves import cold, do

pytestmark = pytest.mark.django_db
__all__ = ["cold"]

YEAR = timedelta(days=366)


def test_archived_booking_is_in_lists_pages_and_exports(client, clock):
    organizer = OrganizerFactory()
    booking = BookingFactory(event__created_by=organizer, event__priced=20)
    as_at_commit()
    clock.move(timedelta(days=30) + YEAR)
    Event.objects.update(status="completed")
    assert do("archive_bookings") == {"archive_bookings": 1}
    assert not Booking.objects.exists()
    reference = booking.booking_reference

    client.force_login(booking.user)
    assert reference in client.get(reverse("my_bookings"), {"past": 1}).content.decode()
    detail = client.get(reverse("booking_detail", args=[booking.pk]))
    assert reference in detail.content.decode()
    assert client.get(reverse("my_bookings")).status_code == 200
    listed = api(booking.user).get("/api/v1/bookings/").json()
    assert [one["id"] for one in listed["results"]] == [str(booking.pk)]
    exported = api(booking.user).get("/api/v1/me/export/").json()["bookings"]
    assert [one["booking_reference"] for one in exported] == [reference]
    client.force_login(organizer)
    found = client.get(reverse("admin:bookings_booking_changelist"), {"q": reference})
    assert reference in found.content.decode()
    assert f"Cancel {reference}" not in found.content.decode()
    of_event = api(organizer).get(f"/api/v1/events/{booking.event_id}/bookings/").json()
    assert len(of_event["results"]) == 1
    assert [one.reference for one in attendees(Event.objects.get())] == [reference]


def test_prices_are_joined_by_day_after_a_year(clock):
    event_id = insert_event(base_price=10, current_price=10)
    for price in (12, 15, 11):
        run("UPDATE events SET current_price = %s WHERE id = %s", price, event_id)
    clock.move(timedelta(days=1))
    for price in (20, 11):
        run("UPDATE events SET current_price = %s WHERE id = %s", price, event_id)
    assert do("compress_prices") == {}
    clock.move(YEAR + timedelta(days=2))

    assert do("compress_prices") == {"compress_prices": 4}

    assert list(PriceChange.objects.values_list("old_price", "new_price")) == [(10, 11)]
    with refused("trg_append_only"):
        run("DELETE FROM pricing_history")
    clock.move(timedelta(days=6 * 366))
    assert do("cold_prices") == {"cold_prices": 1}


def test_audit_log_goes_to_cold_storage_without_free_text(clock, capsys):
    event_id = insert_event()
    run("UPDATE events SET description = 'Call Ana', total_capacity = 12 WHERE id = %s", event_id)
    rows = AuditLog.objects.count()
    clock.move(3 * YEAR)

    assert do("cold_audit_log") == {"cold_audit_log": rows}

    assert (
        list(AuditLog.objects.exclude(kind="stored").values_list("table_name", flat=True))
        == ["cold_files"] * AuditLog.objects.filter(table_name="cold_files").count()
    )
    month = ColdFile.objects.get().month
    call_command("restore_archive", "--table=audit_log", f"--month={month:%Y-%m}", "--print")
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(printed) == rows
    (change,) = (row for row in printed if row["action"] == "update")
    assert change["after"]["total_capacity"] == 12
    assert "description" not in change["after"]


def test_unused_accounts_are_erased_and_others_stay(clock):
    unproven = UserFactory(email_verified_at=None)
    booked = BookingFactory(user=UserFactory(email_verified_at=None)).user
    proven = UserFactory()
    OrganizerFactory(email_verified_at=None)
    as_at_commit()
    assert unproven not in unused()
    clock.move(timedelta(days=31))

    assert do("unused_accounts") == {"unused_accounts": 1}

    assert User.objects.get(pk=unproven.pk).deleted_at is not None
    assert User.objects.filter(pk__in=[booked.pk, proven.pk], deleted_at=None).count() == 2


def test_deleted_accounts_go_once_nothing_refers_to_them(clock):
    gone, booked = UserFactory(), BookingFactory().user
    as_at_commit()
    User.objects.filter(pk__in=[gone.pk, booked.pk]).update(
        deleted_at="2026-11-27T00:00Z", email_digest=None, is_active=False
    )
    assert not left().exists()
    clock.move(timedelta(days=8 * 366))

    assert do("deleted_accounts") == {"deleted_accounts": 1}

    assert not User.objects.filter(pk=gone.pk).exists()
    assert User.objects.filter(pk=booked.pk).exists()
    assert value("SELECT count(*) FROM events") == EventFactory._meta.model.objects.count()
