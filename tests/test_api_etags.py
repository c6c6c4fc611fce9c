"""ETags change with the body, answer 304, and name the version for changes."""

import pytest

from bookings.operations import book_seats
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from evently.origin import Origin
from events.factories import EventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return EventFactory(created_by=OrganizerFactory(), total_capacity=5)


def url_of(event):
    return f"/api/v1/events/{event.pk}/"


def book(event):
    book_seats(
        event_id=event.pk,
        user_id=UserFactory().pk,
        quantity=1,
        origin=Origin(ip_address=None, user_agent=""),
    )


def test_etag_changes_with_the_body_though_the_version_stays(event):
    client = api()
    before = client.get(url_of(event))
    book(event)
    after = client.get(url_of(event))

    assert before.json()["version"] == after.json()["version"]
    assert before.headers["ETag"] != after.headers["ETag"]
    assert client.get(url_of(event)).headers["ETag"] == after.headers["ETag"]


def test_unchanged_bodies_are_answered_with_304(event):
    client = api()
    for url in (url_of(event), "/api/v1/events/?search=x", "/api/v1/schema/?format=json"):
        tag = client.get(url).headers["ETag"]
        for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            response = client.get(url, headers={"If-None-Match": given})
            assert (response.status_code, response.content) == (304, b""), (url, given)
            assert response.headers["ETag"].removeprefix("W/") == tag.removeprefix("W/")
            assert "Content-Type" not in response.headers
            assert "RateLimit" in response.headers
        assert client.get(url, headers={"If-None-Match": '"x"'}).status_code == 200


def test_changes_are_not_refused_because_of_sales(event):
    client = api(event.created_by)
    tag = client.get(url_of(event)).headers["ETag"]
    book(event)

    changed = client.patch(url_of(event), {"venue": "Barn"}, headers={"If-Match": f"W/{tag}"})
    late = client.patch(url_of(event), {"venue": "Hall"}, headers={"If-Match": tag})

    assert changed.status_code == 200
    assert changed.headers["ETag"] == client.get(url_of(event)).headers["ETag"]
    assert assert_problem(late, 412, "edited_meanwhile")["version"] == changed.json()["version"]
    version = {"If-Match": f'"{changed.json()["version"]}"'}
    assert client.patch(url_of(event), {"venue": "Hall"}, headers=version).status_code == 200


def test_errors_have_no_etag(event):
    assert "ETag" not in api().get("/api/v1/me/").headers
