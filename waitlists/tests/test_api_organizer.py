"""The waitlist of an event in the API, for those who manage it."""

import pytest

from bookings.factories import BookingFactory
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory
from waitlists.factories import WaitlistEntryFactory
from waitlists.operations import leave_waitlist

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    event = EventFactory(created_by=OrganizerFactory(), total_capacity=1)
    BookingFactory(event=event)
    return event


def url_of(event):
    return f"/api/v1/events/{event.pk}/waitlist/"


def test_waitlist_is_listed_in_order_with_its_people(event):
    gone = WaitlistEntryFactory(event=event)
    first = WaitlistEntryFactory(event=event, user=UserFactory(name="Ada", email="ada@example.org"))
    second = WaitlistEntryFactory(event=event)
    leave_waitlist(event_id=event.pk, entry_id=gone.pk)
    client = api(event.created_by)

    entries = client.get(url_of(event)).json()["results"]

    assert [one["id"] for one in entries] == [str(one.pk) for one in (first, second, gone)]
    assert [one["position"] for one in entries] == [1, 2, None]
    assert entries[0]["attendee"] == {"name": "Ada", "email": "ada@example.org", "is_guest": True}
    waiting = client.get(url_of(event), {"status": "waiting"}).json()["results"]
    assert [one["position"] for one in waiting] == [1, 2]


def test_pages_of_a_waitlist_join(event):
    entries = [WaitlistEntryFactory(event=event) for _ in range(3)]
    leave_waitlist(event_id=event.pk, entry_id=entries[0].pk)
    client, seen, url = api(event.created_by), [], f"{url_of(event)}?limit=1"
    while url:
        body = client.get(url).json()
        seen += [one["id"] for one in body["results"]]
        url = body["next"]

    assert seen == [str(entries[number].pk) for number in (1, 2, 0)]


@pytest.mark.parametrize("count", [1, 3])
def test_waitlist_costs_the_same_number_of_queries(event, django_assert_num_queries, count):
    for _ in range(count):
        WaitlistEntryFactory(event=event)
    client = api(event.created_by)
    with django_assert_num_queries(3):
        assert len(client.get(url_of(event)).json()["results"]) == count


def test_waitlist_of_another_organizer_is_refused(event):
    assert_problem(api(OrganizerFactory()).get(url_of(event)), 403, "not_your_event")
    assert_problem(api(event.created_by, "read").get(url_of(event)), 403, "scope_missing")
