"""Messages through the API."""

import pytest

from evently.accounts.factories import UserFactory
from evently.api.tests.client import api, assert_problem
from notifications.factories import NotificationFactory
from notifications.models import Notification

pytestmark = pytest.mark.django_db

URL = "/api/v1/notifications/"


def test_the_list_has_ones_own_newest_first():
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
def test_the_list_can_be_narrowed_to_the_unread(unread, count):
    user = UserFactory()
    NotificationFactory.create_batch(2, user=user)
    NotificationFactory(user=user, read=True)

    assert len(api(user).get(URL, {"unread": unread}).json()["results"]) == count


def test_the_list_goes_on_by_cursor():
    user = UserFactory()
    made = [str(NotificationFactory(user=user).pk) for _ in range(5)]
    client, seen, url = api(user), [], f"{URL}?limit=2"
    while url:
        body = client.get(url).json()
        seen += [row["id"] for row in body["results"]]
        url = body["next"]

    assert seen == made[::-1]


def test_the_list_costs_the_same_for_one_and_for_many(django_assert_max_num_queries):
    user = UserFactory()
    NotificationFactory.create_batch(100, user=user)
    client = api(user)

    with django_assert_max_num_queries(2):
        assert len(client.get(f"{URL}?limit=100").json()["results"]) == 100


def test_reading_one_may_be_repeated():
    notification = NotificationFactory()
    client = api(notification.user)

    for _ in range(2):
        response = client.post(f"{URL}{notification.pk}/read/")
        assert (response.status_code, response.json()["read"]) == (200, True)

    assert Notification.objects.get().read


def test_reading_all():
    user = UserFactory()
    NotificationFactory.create_batch(3, user=user)
    other = NotificationFactory()

    assert api(user).post(f"{URL}read-all/").json() == {"marked": 3}
    assert api(user).post(f"{URL}read-all/").json() == {"marked": 0}
    assert [each.pk for each in Notification.objects.unread()] == [other.pk]


def test_somebody_elses_is_not_found():
    other = NotificationFactory()

    assert_problem(api(UserFactory()).post(f"{URL}{other.pk}/read/"), 404, "not_found")
    assert Notification.objects.get().is_unread


@pytest.mark.parametrize(
    ("method", "path"), [("get", ""), ("post", "read-all/"), ("post", f"{'0' * 8}/read/")]
)
def test_strangers_are_refused(method, path):
    response = getattr(api(), method)(f"{URL}{path}")

    assert response.status_code in (401, 404)


@pytest.mark.parametrize("query", ["unread=perhaps", "type=gossip", "cursor=x", "limit=-1"])
def test_wrong_parameters_are_refused(query):
    response = api(UserFactory()).get(f"{URL}?{query}")

    assert response.status_code in (400, 422)
