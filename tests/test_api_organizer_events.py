"""An organizer's own events in the API, and idempotency keys of all POST operations."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory
from events.models import EventStaff
from notifications.factories import NotificationFactory
from notifications.models import Notification

pytestmark = pytest.mark.django_db
MINE = "/api/v1/organizer/events/"


def names(client, **query):
    response = client.get(MINE, query)
    assert response.status_code == 200, response.content
    return [one["name"] for one in response.json()["results"]]


@pytest.fixture
def organizer():
    """Return an organizer with four events, one in each state."""
    organizer = OrganizerFactory()
    EventFactory(created_by=organizer, name="first draft", published_at=None)
    EventFactory(created_by=organizer, name="open", priced=7)
    EventFactory(created_by=organizer, name="called off", status="cancelled")
    EventFactory(created_by=organizer, name="done", status="completed")
    return organizer


def test_own_events_are_listed_drafts_included(organizer):
    EventFactory(name="of another organizer", published_at=None)
    EventFactory(name="public, of another organizer")

    assert names(api(organizer)) == ["done", "called off", "open", "first draft"]
    assert names(api(organizer), ordering="created")[0] == "first draft"
    assert names(api(organizer), search="draft") == ["first draft"]
    for state, name in (
        ("draft", "first draft"),
        ("published", "open"),
        ("cancelled", "called off"),
        ("completed", "done"),
    ):
        assert names(api(organizer), state=state) == [name]


def test_draft_says_that_it_is_one(organizer):
    (draft,) = api(organizer).get(MINE, {"state": "draft"}).json()["results"]

    assert (draft["status"], draft["state"], draft["is_published"]) == ("active", "draft", False)
    shown = api(organizer).get(f"/api/v1/events/{draft['id']}/").json()
    assert shown == draft
    published = api(organizer).post(f"/api/v1/events/{draft['id']}/publish/").json()
    assert (published["state"], published["is_published"]) == ("published", True)


def test_pages_of_own_events_join(organizer):
    client = api(organizer)
    seen, url = [], f"{MINE}?limit=1"
    while url:
        body = client.get(url).json()
        seen += [one["name"] for one in body["results"]]
        url = body["next"]
    assert seen == ["done", "called off", "open", "first draft"]


def test_managers_see_the_event_and_door_staff_does_not(organizer):
    event = EventFactory(name="shared", published_at=None)
    manager, door = OrganizerFactory(), OrganizerFactory()
    EventStaff.objects.create(event_id=event.pk, user_id=manager.pk, role="manager")
    EventStaff.objects.create(event_id=event.pk, user_id=door.pk, role="door")

    assert names(api(manager)) == ["shared"]
    assert names(api(door)) == []


def test_own_events_need_the_scope_organize(organizer):
    assert_problem(api(organizer, "read", "book").get(MINE), 403, "scope_missing")
    assert_problem(api(UserFactory()).get(MINE), 403, "scope_missing")
    assert_problem(api().get(MINE), 401, "not_authenticated")


def test_own_events_cost_the_same_number_of_queries(organizer, django_assert_num_queries):
    client = api(organizer)
    for limit in (1, 4):
        with django_assert_num_queries(3):
            client.get(MINE, {"limit": limit})


# ── Idempotency keys ────────────────────────────────────────────────────────
def repeated(client, path, body=None):
    """Post twice with the same key; return the body after checking that both are the same."""
    key = {"Idempotency-Key": "k" * 20 + path[-60:]}
    first = client.post(path, body, headers=key)
    again = client.post(path, body, headers=key)
    assert first.status_code in (200, 201), first.content
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers.get("ETag") == first.headers.get("ETag")
    return first.json()


def test_publishing_and_cancelling_events_honour_the_key():
    organizer = OrganizerFactory()
    event = EventFactory(created_by=organizer, published_at=None)
    client = api(organizer)

    published = repeated(client, f"/api/v1/events/{event.pk}/publish/")
    cancelled = repeated(client, f"/api/v1/events/{event.pk}/cancel/", {"reason": "Flood."})

    assert (published["state"], cancelled["state"]) == ("published", "cancelled")
    without = client.post(f"/api/v1/events/{event.pk}/cancel/", {"reason": "Flood."})
    assert_problem(without, 409, "already_cancelled")
    other = client.post(
        f"/api/v1/events/{event.pk}/cancel/",
        {"reason": "Fire."},
        headers={"Idempotency-Key": "k" * 20 + f"/api/v1/events/{event.pk}/cancel/"[-60:]},
    )
    assert_problem(other, 422, "idempotency_mismatch")


def test_quotes_and_notifications_honour_the_key():
    user = UserFactory()
    event = EventFactory(priced=7)
    message = NotificationFactory(user=user)
    client = api(user)

    repeated(client, f"/api/v1/events/{event.pk}/quote/", {"quantity": 2})
    repeated(client, f"/api/v1/notifications/{message.pk}/read/")
    Notification.objects.filter(user_id=user.pk).update(read=False)
    assert repeated(client, "/api/v1/notifications/read-all/")["marked"] >= 1


def test_keeping_an_account_honours_the_key():
    user = UserFactory(
        deletion_requested_at=timezone.now(), deletion_due_at=timezone.now() + timedelta(days=7)
    )

    assert repeated(api(user), "/api/v1/me/restore/")["deletion_due_at"] is None
