"""Access to the admin: who can log in, and whose events and rows they see."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from boxoffice.tests.organizing import BOOKINGS, EVENTS, event_page
from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from evently.admin.tabs import event_page_url, event_pages
from events.factories import EventFactory
from events.models import EventStaff, StaffRole

pytestmark = pytest.mark.django_db


def test_admin_is_closed_to_attendees(client):
    client.force_login(UserFactory())

    assert client.get("/admin/").status_code == 302
    assert client.get(EVENTS).status_code == 302


def test_organizers_see_the_events_they_created_or_manage(admin, organizer):
    mine = EventFactory(created_by=organizer, name="Mine")
    managed = EventFactory(name="Managed")
    EventStaff.objects.create(event=managed, user=organizer, role=StaffRole.MANAGER)
    at_the_door = EventFactory(name="At the door")
    EventStaff.objects.create(event=at_the_door, user=organizer, role=StaffRole.DOOR)

    shown = admin.get(EVENTS).context["cl"].result_list

    assert {event.pk for event in shown} == {mine.pk, managed.pk}
    assert admin.get(event_page(at_the_door)).status_code == 404
    assert admin.get(f"{EVENTS}{at_the_door.pk}/cancel/").status_code == 404
    assert admin.get(f"{EVENTS}{at_the_door.pk}/trail/").status_code == 404


def test_superusers_see_all_events(client):
    client.force_login(SuperuserFactory())
    EventFactory()

    assert len(client.get(EVENTS).context["cl"].result_list) == 1


def test_rows_of_other_organizers_are_hidden(admin):
    booking = BookingFactory()

    assert list(admin.get(BOOKINGS).context["cl"].result_list) == []
    assert admin.get(f"{BOOKINGS}{booking.pk}/change/").status_code == 302
    assert admin.get(f"{BOOKINGS}{booking.pk}/cancel/").status_code == 404
    narrowed = admin.get(BOOKINGS, {"event__id__exact": str(booking.event_id)})
    assert list(narrowed.context["cl"].result_list) == []


def test_no_page_of_another_organizers_event_is_reachable(admin):
    booking = BookingFactory()

    for page in event_pages():
        url = event_page_url(page.key, booking.event_id)
        assert admin.get(url).status_code == 404, url


def test_each_page_of_an_event_shows_its_tabs(admin, organizer, client):
    event = BookingFactory(event__created_by=organizer).event

    for page in (page for page in event_pages() if page.listed):
        shown = admin.get(event_page_url(page.key, event.pk))
        tabs = {tab["title"]: tab["current"] for tab in shown.context["event_tabs"]}
        assert tabs[page.tab], page
        assert sum(tabs.values()) == 1


@pytest.mark.parametrize("path", ["x", "00000000-0000-0000-0000-000000000000"])
def test_unknown_events_are_not_found(admin, path):
    for page in ("change", "publish", "cancel", "copy", "remove", "trail"):
        assert admin.get(f"{EVENTS}{path}/{page}/").status_code in (302, 404)


def test_events_of_other_organizers_cannot_be_changed(admin):
    other = EventFactory(event_date=timezone.now() + timedelta(days=3))

    assert admin.post(event_page(other), {"name": "Stolen"}).status_code == 404


def test_login_takes_an_email_address(client):
    OrganizerFactory(email="olive@example.org", password="correct horse battery")
    page = client.get("/admin/login/")

    assert "Email address" in page.content.decode()
    wrong = client.post("/admin/login/", {"username": "olive@example.org", "password": "no"})
    assert "No organizer account has this email address" in wrong.content.decode()
    right = client.post(
        "/admin/login/",
        {"username": "Olive@example.org", "password": "correct horse battery", "next": "/admin/"},
    )
    assert right["Location"] == "/admin/"


def test_login_of_attendees_is_refused_with_a_message(client):
    UserFactory(email="al@example.org", password="correct horse battery")

    page = client.post(
        "/admin/login/", {"username": "al@example.org", "password": "correct horse battery"}
    )

    assert "No organizer account has this email address" in page.content.decode()
