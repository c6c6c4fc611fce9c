"""Notifications through the API."""

import pytest

from evently.accounts.factories import UserFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory
from notifications.factories import NotificationFactory
from notifications.kinds import KINDS
from notifications.models import Notification

pytestmark = pytest.mark.django_db

URL = "/api/v1/notifications/"


def test_list_has_the_notifications_of_the_user_newest_first():
    user = UserFactory()
    first = NotificationFactory(user=user, event_id=user.pk, data={"booking": str(user.pk)})
    second = NotificationFactory(user=user, read=True)
    NotificationFactory()
    NotificationFactory(user=user, channels=["email"], read=True)

    body = api(user).get(URL).json()

    assert [row["id"] for row in body["results"]] == [str(second.pk), str(first.pk)]
    assert body["next"] is None
    row = body["results"][1]
    assert row == {
        "id": str(first.pk),
        "type": "notification",
        "message": first.message,
        "event": str(user.pk),
        "about": {"booking": str(user.pk)},
        "channels": ["in_app", "email"],
        "status": "pending",
        "read": False,
        "created_at": row["created_at"],
        "sent_at": None,
        "delivered_at": None,
    }
    assert row["created_at"].endswith("Z")


@pytest.mark.parametrize(("unread", "count"), [("true", 2), ("false", 1), ("", 3)])
def test_list_is_filtered_by_unread(unread, count):
    user = UserFactory()
    NotificationFactory.create_batch(2, user=user)
    NotificationFactory(user=user, read=True)

    assert len(api(user).get(URL, {"unread": unread}).json()["results"]) == count


def test_list_is_paginated_by_cursor():
    user = UserFactory()
    made = [str(NotificationFactory(user=user).pk) for _ in range(5)]
    client, seen, url = api(user), [], f"{URL}?limit=2"
    while url:
        body = client.get(url).json()
        seen += [row["id"] for row in body["results"]]
        url = body["next"]

    assert seen == made[::-1]


def test_list_needs_the_same_queries_for_one_and_for_many(django_assert_max_num_queries):
    user = UserFactory()
    NotificationFactory.create_batch(100, user=user)
    client = api(user)

    with django_assert_max_num_queries(2):
        assert len(client.get(f"{URL}?limit=100").json()["results"]) == 100


def test_read_may_be_repeated():
    notification = NotificationFactory()
    client = api(notification.user)

    for _ in range(2):
        response = client.post(f"{URL}{notification.pk}/read/")
        assert (response.status_code, response.json()["read"]) == (200, True)

    assert Notification.objects.get().read


def test_read_all():
    user = UserFactory()
    NotificationFactory.create_batch(3, user=user)
    other = NotificationFactory()

    assert api(user).post(f"{URL}read-all/").json() == {"marked": 3}
    assert api(user).post(f"{URL}read-all/").json() == {"marked": 0}
    assert [each.pk for each in Notification.objects.unread()] == [other.pk]


def test_read_does_not_find_those_of_other_users():
    other = NotificationFactory()

    assert_problem(api(UserFactory()).post(f"{URL}{other.pk}/read/"), 404, "not_found")
    assert Notification.objects.get().is_unread


@pytest.mark.parametrize(
    ("method", "path"), [("get", ""), ("post", "read-all/"), ("post", f"{'0' * 8}/read/")]
)
def test_requests_without_a_token_are_refused(method, path):
    response = getattr(api(), method)(f"{URL}{path}")

    assert response.status_code in (401, 404)


@pytest.mark.parametrize("query", ["unread=perhaps", "type=gossip", "cursor=x", "limit=-1"])
def test_invalid_parameters_are_refused(query):
    response = api(UserFactory()).get(f"{URL}?{query}")

    assert response.status_code in (400, 422)


def test_list_is_filtered_by_every_kind():
    user = UserFactory()
    for name in KINDS:
        NotificationFactory(user=user, type=name)

    for name in KINDS:
        rows = api(user).get(URL, {"type": name}).json()["results"]
        assert [row["type"] for row in rows] == [name]


# ── What is sent about one event ────────────────────────────────────────────
def messages_url(event):
    return f"/api/v1/me/events/{event.pk}/messages/"


def test_messages_about_an_event_are_turned_off_by_channel():
    user, event = UserFactory(), EventFactory()
    client, url = api(user), messages_url(event)
    both = {"in_app": True, "email": True}
    before = client.get(url).json()
    assert {name: before[name] for name in ("reminders", "changes", "messages")} == dict.fromkeys(
        ("reminders", "changes", "messages"), both
    )
    assert "booking_confirm" in before["always_sent"]

    for _ in range(2):
        changed = client.patch(url, {"changes": {"email": False}, "reminders": {"in_app": True}})
        assert changed.status_code == 200

    assert changed.json() == {**before, "changes": {"in_app": True, "email": False}}
    assert client.get(url).json() == changed.json()
    assert api(UserFactory()).get(url).json() == before
    assert client.patch(url, {"changes": {"email": True}}).json() == before


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        (
            {"booking_confirm": {"email": False}},
            "booking_confirm",
            "always sent. They are about",
        ),
        ({"reminder": {"email": False}}, "reminder", "Did you mean"),
        ({"changes": {"sms": False}}, "changes.sms", "There is no such field."),
        ({"changes": {"email": "no way"}}, "changes.email", "valid boolean"),
        ({"changes": False}, "changes", "Invalid data"),
    ],
)
def test_messages_about_an_event_refuse(body, field, sentence):
    response = api(UserFactory()).patch(messages_url(EventFactory()), body)

    errors = assert_problem(response, 422, "invalid")["errors"]
    assert set(errors) == {field}
    assert sentence in errors[field][0]


def test_messages_about_an_unknown_event_are_not_found():
    draft = EventFactory(published_at=None)

    assert_problem(api(UserFactory()).get(messages_url(draft)), 404, "not_found")
