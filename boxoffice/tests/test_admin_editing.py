"""Creating and changing events in the admin."""

from decimal import Decimal

import pytest

from bookings.factories import BookingFactory
from boxoffice.lifecycle import operations
from boxoffice.tests.organizing import (
    BOOKINGS,
    EVENTS,
    confirmed,
    errors_of,
    event_page,
    form_of,
    tab,
)
from evently.accounts.factories import OrganizerFactory
from evently.audit.models import AuditLog
from events.factories import EventFactory
from events.models import Event
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import Promotion

pytestmark = pytest.mark.django_db


def test_event_is_created_through_the_operation(admin, organizer):
    data = form_of(admin, f"{EVENTS}add/") | {
        "name": "Kite Workshop",
        "venue": "Beach House, Ostend",
        "timezone": "Europe/Brussels",
        "event_date": "2099-05-08T14:00",
        "total_capacity": "20",
        "base_price": "15",
        "currency": "eur",
    }

    response = admin.post(f"{EVENTS}add/", data)
    assert response.status_code == 302, errors_of(response)

    event = Event.objects.get()
    assert event.created_by == organizer
    assert event.event_date.isoformat() == "2099-05-08T12:00:00+00:00"
    assert (event.current_price, event.currency) == (Decimal("15.00"), "EUR")
    assert not event.is_published
    entry = AuditLog.objects.get(table_name="events")
    assert (entry.actor, entry.via) == (str(organizer.pk), "admin")


def test_invalid_event_is_refused_by_field(admin):
    data = form_of(admin, f"{EVENTS}add/") | {
        "name": "Kite Workshop",
        "venue": "Beach House",
        "timezone": "Mars/Crater",
        "event_date": "2001-05-08T14:00",
        "ends_at": "2001-05-07T14:00",
        "total_capacity": "0",
        "base_price": "15",
        "payment_mode": "free",
    }

    first = errors_of(admin.post(f"{EVENTS}add/", data))
    second = errors_of(admin.post(f"{EVENTS}add/", data | {"timezone": "UTC"}))

    refused = {"event_date", "ends_at", "total_capacity", "payment_mode"}
    assert set(second) == refused
    assert set(first) == refused | {"timezone"}
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "n" * 256),
        ("name", "null\x00byte"),
        ("event_date", "9999-12-31T23:59"),
        ("event_date", "soon"),
        ("total_capacity", "99999999999"),
        ("base_price", "NaN"),
        ("base_price", "-1"),
        ("currency", "1"),
        ("currency", "EURO"),
        ("payment_mode", "transfer"),
        ("max_per_booking", "11"),
        ("max_per_person", "0"),
        ("promotion_window_minutes", "0"),
        ("promotion_window_minutes", "10081"),
        ("timezone", "../etc/passwd"),
    ],
)
def test_invalid_input_is_refused_beside_its_field(admin, organizer, name, value):
    event = EventFactory(created_by=organizer)

    response = admin.post(event_page(event), form_of(admin, event_page(event)) | {name: value})

    assert list(errors_of(response)) == [name]


def test_actions_on_malformed_ids_are_refused(admin):
    response = admin.post(BOOKINGS, {"action": "cancel_selected", "_selected_action": ["x"]})

    assert response.status_code == 302


def test_transfer_is_not_offered(admin):
    form = admin.get(f"{EVENTS}add/").context["adminform"].form

    assert [value for value, _ in form.fields["payment_mode"].choices] == ["door", "free"]


def test_times_are_in_the_time_zone_of_the_event(admin, organizer):
    event = EventFactory(created_by=organizer, timezone="Asia/Tokyo")
    data = form_of(admin, event_page(event))
    before = event.event_date

    assert data["event_date"] == event.starts_locally.strftime("%Y-%m-%dT%H:%M")
    admin.post(event_page(event), data | {"name": "Renamed"})
    event.refresh_from_db()
    assert (event.name, event.event_date) == ("Renamed", before)
    # A new time zone keeps the local time.
    admin.post(event_page(event), form_of(admin, event_page(event)) | {"timezone": "UTC"})
    event.refresh_from_db()
    assert event.starts_locally.strftime("%Y-%m-%dT%H:%M") == data["event_date"]


def test_conflicting_change_shows_both_values_and_loses_nothing(admin, organizer):
    event = EventFactory(created_by=organizer, name="Old", venue="Old Mill", total_capacity=10)
    mine = form_of(admin, event_page(event))
    theirs = mine | {"venue": "New Mill", "total_capacity": "20"}
    admin.post(event_page(event), theirs)

    refused = admin.post(event_page(event), mine | {"name": "New", "total_capacity": "30"})

    errors = errors_of(refused)
    assert "Olive Organizer saved changes on" in errors["__all__"][0]
    assert "Not saved yet" in refused.content.decode()
    assert "“20”" in errors["total_capacity"][0]
    assert "“Old Mill”" in errors["venue"][0]
    form = refused.context["adminform"].form
    shown = {name: form[name].value() for name in ("name", "venue", "total_capacity")}
    assert shown == {"name": "New", "venue": "New Mill", "total_capacity": "30"}
    event.refresh_from_db()
    assert (event.name, event.total_capacity) == ("Old", 20)

    admin.post(event_page(event), form.data)
    event.refresh_from_db()
    assert (event.name, event.venue, event.total_capacity) == ("New", "New Mill", 30)


@pytest.mark.parametrize("typed", ["europe/brussels", " Europe/Brussels ", "EUROPE/BRUSSELS"])
def test_time_zones_are_accepted_in_any_capitalization(admin, organizer, typed):
    event = EventFactory(created_by=organizer)

    admin.post(event_page(event), form_of(admin, event_page(event)) | {"timezone": typed})

    event.refresh_from_db()
    assert event.timezone == "Europe/Brussels"


def test_capacity_in_use_is_refused_beside_the_field(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=5)
    BookingFactory(event=event, quantity=4)

    response = admin.post(
        event_page(event), form_of(admin, event_page(event)) | {"total_capacity": "3"}
    )

    assert "Enter at least 4" in errors_of(response)["total_capacity"][0]


def test_raised_capacity_serves_the_waitlist(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=1)
    BookingFactory(event=event)
    entry = WaitlistEntryFactory(event=event)

    review = admin.post(
        event_page(event), form_of(admin, event_page(event)) | {"total_capacity": "2"}
    )
    assert not Promotion.objects.exists()
    confirmed(admin, review, "no")

    assert Promotion.objects.get().waitlist_id == entry.pk


def test_cancelled_events_are_read_only(admin, organizer):
    event = EventFactory(created_by=organizer)
    operations.cancel_event(event_id=event.pk, reason="Storm")

    page = admin.get(event_page(event))

    assert not page.context["has_change_permission"]
    assert "Storm" in admin.get(tab(event, "overview")).content.decode()
    assert admin.post(event_page(event), {"name": "x"}).status_code == 403


def test_a_new_event_needs_three_fields(admin):
    url = f"{EVENTS}add/"
    blank = form_of(admin, url)

    empty = errors_of(admin.post(url, blank))
    assert set(empty) == {"name", "event_date", "total_capacity"}
    admin.post(
        url,
        blank | {"name": "Fair", "event_date": "2090-05-05T19:00", "total_capacity": "50"},
    )

    event = Event.objects.get()
    assert (event.venue, event.is_free, event.is_published) == ("To be announced", True, False)
    assert form_of(admin, url)["venue"] == "To be announced"


def test_the_admins_login_leads_to_the_admin(client):
    OrganizerFactory(email="olga@example.org", password="correct horse battery")
    page = client.post(
        "/admin/login/", {"username": "olga@example.org", "password": "correct horse battery"}
    )
    assert page["Location"] == "/admin/"
