"""The emails about an event in the API: filters, details, and who sees them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.factories import BookingFactory
from evently.accounts.factories import OrganizerFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory
from notifications.kinds import accounts
from notifications.kinds.bookings import booking_confirmed
from notifications.models import EmailDelivery, Notification
from notifications.operations.creating import notify
from notifications.tests.delivering import deliver, delivery_of
from notifications.tests.returning import HARD, returns

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return EventFactory(created_by=OrganizerFactory())


@pytest.fixture
def client(event):
    return api(event.created_by)


def booked(event):
    booking = BookingFactory(event=event)
    (id_,) = notify(messages=[booking_confirmed(booking)])
    notification = Notification.objects.get(pk=id_)
    deliver(notification)
    return booking, notification


def listed(client, event, **query):
    answer = client.get(f"/api/v1/events/{event.pk}/emails/", query)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_emails_of_an_event_are_listed_and_filtered(client, event):
    booking, first = booked(event)
    _, second = booked(event)
    deliver(*Notification.objects.filter(pk__in=notify(messages=[accounts.welcome(booking.user)])))
    booked(EventFactory())
    old, new = str(delivery_of(first).pk), str(delivery_of(second).pk)
    EmailDelivery.objects.filter(pk=new).update(status="failed", error_message="TimeoutError")

    assert listed(client, event) == [new, old]
    assert listed(client, event, status="failed") == [new]
    assert listed(client, event, kind="booking_confirm", provider="smtp") == [new, old]
    assert listed(client, event, kind="welcome") == []
    assert listed(client, event, booking=booking.booking_reference.lower()) == [old]
    assert listed(client, event, created_since="2040-01-01T00:00:00Z") == []
    wrong = client.get(f"/api/v1/events/{event.pk}/emails/", {"status": "lost"})
    assert_problem(wrong, 422, "invalid")


def test_one_email_has_its_attempts_and_what_came_back(client, event):
    booking, notification = booked(event)
    returns(notification, HARD)
    url = f"/api/v1/events/{event.pk}/emails/{delivery_of(notification).pk}/"

    shown = client.get(url).json()

    assert shown["recipient"] == {"name": booking.user.display_name, "email": booking.user.email}
    assert shown["booking"] == booking.booking_reference
    assert (shown["status"], shown["next_attempt_at"]) == ("bounced", None)
    assert "there is no such mailbox" in shown["problem"]
    assert [(each["number"], each["outcome"]) for each in shown["tries"]] == [(1, "accepted")]
    (report,) = shown["returns"]
    assert (report["outcome"], report["code"], report["is_permanent"]) == ("bounced", "5.1.1", True)


def test_only_those_who_manage_the_event_see_its_emails(client, event):
    _, notification = booked(event)
    other = EventFactory(created_by=event.created_by)
    url = f"/api/v1/events/{event.pk}/emails/"

    assert_problem(api(OrganizerFactory()).get(url), 403, "not_your_event")
    one = delivery_of(notification).pk
    assert_problem(client.get(f"/api/v1/events/{other.pk}/emails/{one}/"), 404, "email_not_found")


def test_list_needs_the_same_queries_for_one_and_for_many(client, event):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            listed(client, event)
        return len(captured)

    booked(event)
    one = queries()
    booked(event), booked(event)

    assert queries() == one
