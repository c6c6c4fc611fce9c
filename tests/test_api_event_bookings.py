"""The bookings of an event in the API, for those who manage it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from evently.idempotency.models import IdempotencyKey
from events.factories import EventFactory
from notifications.models import Notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return EventFactory(created_by=OrganizerFactory(), total_capacity=20)


def url_of(event):
    return f"/api/v1/events/{event.pk}/bookings/"


def found(client, event, **query):
    response = client.get(url_of(event), query)
    assert response.status_code == 200, response.content
    return [one["id"] for one in response.json()["results"]]


def test_bookings_are_listed_with_their_attendees(event):
    ada = UserFactory(name="Ada Lovelace", email="ada@example.org")
    first = BookingFactory(event=event, user=ada, quantity=2)
    second = BookingFactory(event=event)
    BookingFactory()

    body = api(event.created_by).get(url_of(event)).json()

    assert [one["id"] for one in body["results"]] == [str(second.pk), str(first.pk)]
    shown = body["results"][1]
    assert shown["attendee"] == {
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "is_guest": True,
    }
    assert (shown["event"], shown["quantity"]) == (str(event.pk), 2)


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_number_of_queries(event, django_assert_num_queries, count):
    for _ in range(count):
        BookingFactory(event=event)
    client = api(event.created_by)

    with django_assert_num_queries(3):
        assert len(found(client, event)) == count


def test_bookings_are_found_by_reference_name_address_and_time(event):
    client = api(event.created_by)
    zoe = BookingFactory(event=event, user=UserFactory(name="Zoë Ruiz", email="zoe@example.org"))
    bob = BookingFactory(event=event, user=UserFactory(name="Bob Ray", email="bob@example.org"))
    client.post(f"{url_of(event)}{bob.pk}/cancel/", {"reason": "Asked by phone."})
    elsewhere = BookingFactory(user=zoe.user)

    for text in ("zoe", "ruiz Zoe", "zoe@example.org", zoe.booking_reference):
        assert found(client, event, search=text) == [str(zoe.pk)], text
    assert found(client, event, search=elsewhere.booking_reference) == []
    assert found(client, event, status="cancelled") == [str(bob.pk)]
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert found(client, event, created_since=later) == []
    assert len(found(client, event, created_since="2020-01-01T00:00:00+02:00")) == 2
    problem = assert_problem(client.get(url_of(event), {"created_since": "now"}), 422, "invalid")
    assert set(problem["errors"]) == {"created_since"}


def test_organizer_cancels_with_a_reason_that_the_attendee_is_told(event):
    booking = BookingFactory(event=event)
    client = api(event.created_by)
    url = f"{url_of(event)}{booking.pk}/cancel/"

    first = client.post(url, {"reason": "No payment."}, headers={"Idempotency-Key": "a"})
    again = client.post(url, {"reason": "No payment."}, headers={"Idempotency-Key": "a"})
    late = client.post(url, {})

    assert (first.status_code, first.json()["cancel_reason"]) == (200, "No payment.")
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert_problem(late, 409, "already_cancelled")
    told = Notification.objects.filter(user_id=booking.user_id, type="cancellation")
    assert "No payment." in told.get().message
    # The answer names the attendee, and is not stored.
    assert IdempotencyKey.objects.get().answer is None


def test_booking_is_shown_with_its_tickets_but_not_their_secrets(event):
    booking = BookingFactory(event=event, quantity=2)

    body = api(event.created_by).get(f"{url_of(event)}{booking.pk}/").json()

    assert len(body["tickets"]) == 2
    assert set(body["tickets"][0]) == {"id", "holder_name", "checked_in_at", "cancelled_at"}


def test_nothing_of_another_organizer_is_reachable(event):
    mine = BookingFactory(event=event)
    stranger = OrganizerFactory()
    theirs = BookingFactory(event__created_by=stranger)
    draft = EventFactory(created_by=event.created_by, published_at=None)
    client = api(stranger)

    for path in ("", f"{mine.pk}/"):
        assert_problem(client.get(f"{url_of(event)}{path}"), 403, "not_your_event")
        assert_problem(client.get(f"{url_of(draft)}{path}"), 404, "not_found")
    for path in (f"{mine.pk}/", f"{mine.pk}/cancel/"):
        send = client.post if path.endswith("cancel/") else client.get
        # Their own event in the path, the booking of another one.
        assert_problem(send(f"{url_of(theirs.event)}{path}"), 404, "not_found")
    assert_problem(client.post(f"{url_of(event)}{mine.pk}/cancel/"), 403, "not_your_event")
    assert found(client, theirs.event, search=mine.booking_reference) == []
    assert found(client, theirs.event, search=mine.user.email) == []
    assert Booking.objects.get(pk=mine.pk).status == "confirmed"


def test_attendees_and_reading_tokens_cannot_list_bookings(event):
    for client in (api(event.created_by, "read", "book"), api(UserFactory())):
        assert_problem(client.get(url_of(event)), 403, "scope_missing")


def test_attendees_are_returned_as_csv(event):
    booking = BookingFactory(event=event, user=UserFactory(name="=1+1", email="ada@example.org"))
    url = f"/api/v1/events/{event.pk}/attendees.csv"

    response = api(event.created_by).get(url)

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = response.getvalue().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Name,Email address,Reference")
    assert lines[1].startswith(f"'=1+1,ada@example.org,{booking.booking_reference},")
    assert_problem(api(OrganizerFactory()).get(url), 403, "not_your_event")
    assert_problem(api(event.created_by, "read").get(url), 403, "scope_missing")
