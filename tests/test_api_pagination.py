"""Keyset pagination of the API."""

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory
from events.models import Event

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events/"


@pytest.fixture
def five():
    """Create five events, three of them with the same time and price."""
    organizer = OrganizerFactory()
    now = timezone.now() + timedelta(days=5)
    for number, (days, price) in enumerate([(0, 7), (0, 7), (0, 7), (1, 3), (-1, 12)]):
        EventFactory(
            name=f"event {number}",
            created_by=organizer,
            event_date=now + timedelta(days=days),
            priced=price,
        )


def walk(client, url, link):
    """Return the names on each page from a URL on, following `next` or `previous`."""
    pages = []
    while url:
        body = client.get(url).json()
        pages.append([one["name"] for one in body["results"]])
        url = body[link]
    return pages


@pytest.mark.parametrize("ordering", ["date", "-date", "price", "-price", "name", "-name"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_join_without_gap_or_overlap_both_ways(five, ordering, limit):
    client = api()
    params = f"?ordering={ordering}&limit={limit}"
    everything = walk(client, f"{EVENTS}?ordering={ordering}", "next")[0]
    assert len(everything) == 5

    there = walk(client, f"{EVENTS}{params}", "next")
    last = EVENTS + params
    while (following := client.get(last).json()["next"]) is not None:
        last = following
    back = walk(client, last, "previous")

    assert [name for page in there for name in page] == everything
    assert [name for page in back[::-1] for name in page] == everything


def test_new_rows_do_not_shift_a_page(five):
    client = api()
    first = client.get(EVENTS, {"limit": 2}).json()
    EventFactory(name="early", event_date=timezone.now() + timedelta(hours=1))

    second = client.get(first["next"]).json()

    names = [one["name"] for one in first["results"] + second["results"]]
    assert len(set(names)) == 4
    assert "early" not in names
    assert client.get(second["previous"]).json()["results"] == first["results"]


def test_links_keep_filters(five):
    body = api().get(EVENTS, {"limit": 1, "min_price": "5", "search": "event"}).json()

    assert "min_price=5" in body["next"]
    assert "search=event" in body["next"]


def test_later_pages_cost_no_more_queries(five, django_assert_num_queries):
    client = api()
    following = client.get(EVENTS, {"limit": 2}).json()["next"]

    # The events, and their waitlists.
    with django_assert_num_queries(2):
        client.get(following)


def test_limit_is_20_by_default_and_100_at_most():
    organizer = OrganizerFactory()
    for _ in range(21):
        EventFactory(created_by=organizer)

    assert len(api().get(EVENTS).json()["results"]) == 20
    assert len(api().get(EVENTS, {"limit": "100"}).json()["results"]) == 21
    for wrong in ("0", "101", "1000", "-1", "+5", "1.0", "٣", "", "9" * 20):
        problem = assert_problem(api().get(EVENTS, {"limit": wrong}), 422, "invalid")
        assert problem["errors"] == {"limit": ["Must be a whole number from 1 to 100."]}


def test_links_follow_the_public_url(five, settings):
    settings.ALLOWED_HOSTS = ["*"]
    body = api().get(EVENTS, {"limit": 1}, HTTP_HOST="internal:8000").json()

    assert body["next"].startswith(f"{settings.PUBLIC_URL}/api/v1/events/?")
    assert body["results"][0]["url"].startswith(f"{settings.PUBLIC_URL}/events/")


def test_empty_list_has_no_neighbours():
    assert api().get(EVENTS).json() == {"next": None, "previous": None, "results": []}


def encoded(parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%00",
        "🎹",
        "a" * 2000,
        encoded(None),
        encoded([]),
        encoded({"a": 1}),
        encoded([0, "event_date,id", "2027-01-01T00:00:00Z"]),
        encoded([0, "event_date,id", "never", "0199c3a4-5d20-7c11-9a52-6f1f0d6f2c01"]),
        encoded([0, "event_date,id", "2027-01-01T00:00:00Z", "x"]),
        encoded([0, "event_date,id", None, None]),
        encoded([0, "event_date,id", {"a": 1}, []]),
        encoded([0, "event_date,id", "0001-01-01T00:00:00+14:00", "x"]),
        encoded([0, "-event_date,-id", "2027-01-01T00:00:00Z", "0199c3a4-5d20-7c11-9a52-6f1f0d"]),
        encoded([0, "password,id", "x", "0199c3a4-5d20-7c11-9a52-6f1f0d6f2c01"]),
        encoded([0, "name,id", "a\x00", "0199c3a4-5d20-7c11-9a52-6f1f0d6f2c01"]),
        encoded([0, "name,id", "half of 🎹: \ud83c", "0199c3a4-5d20-7c11-9a52-6f1f0d6f2c01"]),
    ],
)
def test_forged_cursors_are_refused(five, cursor):
    for ordering in ("date", "name"):
        response = api().get(EVENTS, {"cursor": cursor, "ordering": ordering})
        assert_problem(response, 400, "cursor_invalid")


def test_extreme_values_in_cursors_are_handled(five):
    id_ = str(Event.objects.first().pk)
    for ordering, value in [
        ("event_date", "9999-12-31T23:59:59-14:00"),
        ("event_date", "0001-01-01T00:00:00+14:00"),
        ("event_date", "2027-01-01T00:00:00"),
        ("current_price", "1e999999999"),
        ("current_price", "NaN"),
        ("current_price", 2**70),
        ("name", "x" * 400),
        ("name", 7),
    ]:
        name = {"event_date": "date", "current_price": "price", "name": "name"}[ordering]
        cursor = encoded([0, f"{ordering},id", value, id_])
        response = api().get(EVENTS, {"cursor": cursor, "ordering": name})
        assert response.status_code in (200, 400), response.content


def test_cursor_of_one_user_shows_another_user_only_their_own_rows():
    mine, theirs = UserFactory(), UserFactory()
    for user in (mine, mine, theirs, theirs):
        BookingFactory(user=user)
    following = api(mine).get("/api/v1/bookings/", {"limit": 1}).json()["next"]

    shown = api(theirs).get(following).json()["results"]

    assert all(one["id"] in ids_of(theirs) for one in shown)


def ids_of(user):
    return {str(pk) for pk in user.bookings.values_list("pk", flat=True)}
