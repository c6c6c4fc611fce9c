"""The inbox: works without scripts, updates with them, shows the user's own notifications."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evently.accounts.factories import UserFactory
from evently.database.clock import now
from evently.tests.sql import run
from notifications.factories import NotificationFactory
from notifications.models import Notification
from waitlists.tests.helpers import offer_to

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


def text_of(response):
    return response.content.decode()


def test_inbox_shows_the_notifications_of_the_user_newest_first(client, user):
    NotificationFactory(user=user, message="First of mine")
    NotificationFactory(user=user, message="Second of mine", read=True)
    NotificationFactory(message="Not mine")
    NotificationFactory(user=user, message="A link by email", channels=["email"], read=True)

    page = text_of(client.get("/notifications/"))

    assert page.index("Second of mine") < page.index("First of mine")
    assert "Not mine" not in page
    assert "A link by email" not in page
    assert page.count("inbox__item--unread") == 1


def test_empty_inbox_has_a_message(client, user):
    assert "No notifications yet" in text_of(client.get("/notifications/"))


@pytest.mark.parametrize("path", ["/notifications/"])
def test_visitors_are_redirected_to_the_login(client, path):
    response = client.get(path)

    assert response.status_code == 302
    assert response.url.startswith(reverse("log_in"))


def test_messages_are_escaped(client, user):
    NotificationFactory(user=user, message="<script>alert(1)</script>")

    assert "<script>alert(1)" not in text_of(client.get("/notifications/"))


def test_pagination_has_no_gaps_and_no_duplicates(client, user):
    for number in range(45):
        NotificationFactory(user=user, message=f"Message {number}.")
    url, seen, pages = "/notifications/", [], 0
    while url:
        page = text_of(client.get(url))
        seen += re.findall(r"Message (\d+)\.</p>", page)
        pages += 1
        following = re.search(r'href="(\?cursor=[^"]+)" rel="next"', page)
        url = f"/notifications/{following[1]}" if following else ""

    assert seen == [str(number) for number in reversed(range(45))]
    assert pages == 3


def test_invalid_cursor_is_refused(client, user):
    assert client.get("/notifications/?cursor=nonsense").status_code == 400


def test_inbox_needs_the_same_queries_for_one_and_for_twenty(client, user):
    def query_count():
        with CaptureQueriesContext(connection) as queries:
            client.get("/notifications/")
        return len(queries)

    NotificationFactory(user=user, type="booking_confirm", data={"booking": str(user.pk)})
    one = query_count()
    NotificationFactory.create_batch(19, user=user)

    assert query_count() == one


def test_htmx_gets_the_list_only(client, user):
    NotificationFactory(user=user, message="News")

    fragment = text_of(client.get("/notifications/", **HTMX))

    assert fragment.strip().startswith('<div id="inbox-list"')
    assert "News" in fragment
    assert "<html" not in fragment


# ── Marking as read ─────────────────────────────────────────────────────────
def test_marking_one_redirects_to_its_page(client, user):
    notification = NotificationFactory(user=user)

    response = client.post(
        f"/notifications/{notification.pk}/read/", {"next": "/notifications/?cursor=x"}
    )

    assert (response.status_code, response.url) == (302, "/notifications/?cursor=x")
    assert Notification.objects.get().read


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/notifications/", "//evil.example/notifications/", "/account/", ""],
)
def test_marking_redirects_to_the_inbox_only(client, user, elsewhere):
    notification = NotificationFactory(user=user)

    response = client.post(f"/notifications/{notification.pk}/read/", {"next": elsewhere})

    assert response.url == "/notifications/"


def test_marking_those_of_other_users_is_not_found(client, user):
    notification = NotificationFactory()

    assert client.post(f"/notifications/{notification.pk}/read/").status_code == 404
    assert Notification.objects.get().is_unread


def test_marking_all(client, user):
    NotificationFactory.create_batch(3, user=user)

    assert client.post("/notifications/read-all/").url == "/notifications/"
    assert not Notification.objects.unread().exists()


@pytest.mark.parametrize("path", ["read-all/", "0199c3ac-3f00-7b11-8a40-0c4d1e2f3a07/read/"])
def test_get_marks_nothing(client, user, path):
    assert client.get(f"/notifications/{path}").status_code == 405


# ── The badge ───────────────────────────────────────────────────────────────
def test_badge_shows_the_number_of_unread_notifications(client, user):
    NotificationFactory.create_batch(2, user=user)
    NotificationFactory(user=user, read=True)
    NotificationFactory()

    badge = text_of(client.get("/notifications/badge/", **HTMX))

    assert '<span class="site-nav__badge">2</span>' in badge
    assert 'hx-get="/notifications/badge/"' in badge


def test_badge_needs_one_query_besides_the_session(client, user, django_assert_num_queries):
    with django_assert_num_queries(2):
        client.get("/notifications/badge/")


def test_badge_stops_the_polling_of_visitors(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/notifications/badge/")

    assert (response.status_code, response.content) == (286, b"")


def test_every_page_shows_the_badge_to_users(client, user):
    NotificationFactory(user=user)

    assert '<span class="site-nav__badge">1</span>' in text_of(client.get("/"))


# ── Open offers ─────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
def test_open_offer_stays_on_top_until_it_ends(client, user, clock):
    offer = offer_to(user)
    for number in range(25):
        NotificationFactory(user=user, message=f"Something newer {number}")
    claim = f'href="/promotions/{offer.pk}/"'

    for headers in ({}, HTMX):
        page = text_of(client.get("/notifications/", **headers))
        assert page.index("held for you: ") < page.index(claim) < page.index("Something newer")
        assert 'data-countdown="line"' in page

    clock.move(offer.expires_at - now() + timedelta(seconds=1))
    assert "held for you: " not in text_of(client.get("/notifications/"))


@pytest.mark.django_db(transaction=True)
def test_offer_of_a_cancelled_event_or_of_another_user_is_not_on_top(client, user):
    offer_to(UserFactory())
    offer = offer_to(user)
    run("UPDATE events SET status = 'cancelled' WHERE id = %s", offer.event_id)

    assert "held for you: " not in text_of(client.get("/notifications/"))
