"""Pages that visitors share: the same as rendered anew, and never another person's."""

import gzip
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.factories import BookingFactory
from boxoffice.tests.test_sale import STATES, event_in
from evently.accounts.factories import UserFactory
from evently.database.clock import now
from evently.kept import forget_everything
from evently.tests.database import as_owner_at_once
from evently.tests.sql import run
from events.factories import EventFactory
from waitlists.tests.helpers import cancel, full_event, join

pytestmark = pytest.mark.django_db(transaction=True)

PUBLISHED = [state for state in STATES if state != "draft"]
PER_REQUEST = {"X-Request-ID", "Vary", "Expires"}


def detail(event):
    return reverse("event_detail", args=[event.pk])


def seats_of(event):
    return reverse("event_seats", args=[event.pk])


def move_seats(event, available):
    """Move an event's available seats, as the ledger does."""
    as_owner_at_once(
        "SET LOCAL session_replication_role = replica;"
        f" UPDATE events SET available_seats = {available} WHERE id = '{event.pk}'"
    )


def rendered_anew(path, **headers):
    """Return the response that is rendered for one request: a session was sent with it."""
    client = Client()
    client.cookies["sessionid"] = "0" * 32
    return client.get(path, headers=headers)


def statements_of(path):
    with CaptureQueriesContext(connection) as queries:
        response = Client().get(path)
    return len(queries), response


def assert_fresh(path):
    """Assert that the first and the second look are what is rendered anew, with its headers."""
    anew = rendered_anew(path)
    first = Client().get(path)
    count, second = statements_of(path)
    assert count == 1
    for shared in (first, second):
        assert shared.content == anew.content
        assert shared.status_code == anew.status_code
        for name in anew.headers.keys() | shared.headers.keys() - PER_REQUEST:
            if name not in PER_REQUEST:
                assert shared.headers.get(name) == anew.headers.get(name), name
        varying = {name.strip() for name in shared.headers["Vary"].split(",")}
        assert varying >= {name.strip() for name in anew.headers["Vary"].split(",")}
        assert not shared.cookies


@pytest.mark.parametrize("state", PUBLISHED)
def test_shared_pages_are_what_is_rendered_anew(state, clock):
    event = event_in(state)
    clock.stop(now())
    assert_fresh(detail(event))
    assert_fresh(seats_of(event))


@pytest.mark.parametrize("state", PUBLISHED)
def test_shared_home_page_is_what_is_rendered_anew(state, clock):
    event_in(state)
    EventFactory.create_batch(2, priced=20)
    clock.stop(now())
    assert_fresh("/")


@pytest.mark.parametrize("state", PUBLISHED)
def test_pages_filled_with_other_seats_are_what_is_rendered_anew(state, clock):
    EventFactory(priced=20)
    event = event_in(state)
    clock.stop(now())
    paths = (detail(event), seats_of(event), "/")
    for path in paths:
        Client().get(path)
    for seats in {0, 1, min(11, event.total_capacity)} - {event.available_seats}:
        move_seats(event, seats)
        for path in paths:
            assert_fresh(path)


def test_other_seats_take_no_query_and_a_waitlist_is_counted_anew():
    event, _ = full_event()
    waiting = BookingFactory(event=EventFactory(total_capacity=5), quantity=1).event
    for path in (detail(event), detail(waiting)):
        Client().get(path)
    move_seats(waiting, 2)
    count, page = statements_of(detail(waiting))
    assert count == 1
    assert "Only 2 seats left" in page.content.decode()
    join(event)
    Client().get(detail(event))
    move_seats(event, 1)
    count, _ = statements_of(detail(event))
    assert count > 1
    assert_fresh(detail(event))


@pytest.mark.parametrize("joined", [0, 1], ids=["first", "second"])
def test_joining_the_waitlist_only_fills_pages(joined, clock):
    event, _ = full_event()
    clock.stop(now())
    for _ in range(1 + joined):
        join(event)
    pages = {detail(event): "events/detail.html", "/": "events/list.html"}
    for path in pages:
        Client().get(path)
    join(event)
    for path, template in pages.items():
        page = Client().get(path)
        assert page.content == rendered_anew(path).content
        assert template not in [rendered.name for rendered in page.templates]
        assert_fresh(path)


def test_shared_home_page_shows_what_becomes_of_its_events(clock):
    clock.stop(now())
    assert "No upcoming events" in Client().get("/").content.decode()
    event = EventFactory(priced=20, total_capacity=5)
    booking = BookingFactory(event=event, quantity=2)
    assert "Only 3 seats left" in Client().get("/").content.decode()
    cancel(booking)
    assert "Only 5 seats left" in Client().get("/").content.decode()
    run("UPDATE events SET current_price = 25 WHERE id = %s", event.pk)
    assert "€25.00" in Client().get("/").content.decode()
    EventFactory.create_batch(12)
    assert "Show more" in Client().get("/").content.decode()
    run("UPDATE events SET status = 'cancelled' WHERE id = %s", event.pk)
    assert "€25.00" not in Client().get("/").content.decode()
    assert_fresh("/")


def test_searches_and_fragments_are_not_the_home_page():
    EventFactory(name="Jazz")
    EventFactory(name="Tango")
    home = Client().get("/?utm_source=x").content
    assert home == Client().get("/").content
    for query in ({"search": "jazz"}, {"max_price": "0"}, {"when": "nonsense"}):
        assert Client().get("/", query).content != home
    fragment = Client().get("/", headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    shared = Client().get("/")
    assert shared.content == home
    assert "HX-Request" in shared.headers["Vary"]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_lists_that_are_found_again_are_what_is_rendered_anew(headers):
    event = EventFactory(name="Jazz", priced=20, total_capacity=5)
    EventFactory(name="Jazz in June", priced=30)
    paths = ("/?search=jazz", "/?search=jazz&max_price=25", "/?search=jaz&when=today", "/?search=x")
    seen = {path: set() for path in paths}
    for change in (
        "SELECT 1 FROM events WHERE id = %s",
        "UPDATE events SET total_capacity = 4 WHERE id = %s",
        "UPDATE events SET current_price = 24 WHERE id = %s",
        "UPDATE events SET name = 'Jazz on Monday' WHERE id = %s",
        "UPDATE events SET sales_end_at = now() - interval '1 second' WHERE id = %s",
        "UPDATE events SET status = 'cancelled' WHERE id = %s",
    ):
        run(change, event.pk)
        for path in paths:
            anew = rendered_anew(path, **headers)
            for _ in range(2):
                found = Client().get(path, headers=headers)
                assert found.content == anew.content
                assert found.headers["Content-Type"] == anew.headers["Content-Type"]
                assert "HX-Request" in found.headers["Vary"]
                assert not found.cookies
            seen[path].add(found.content)
    assert [len(contents) for contents in seen.values()] == [6, 6, 1, 1]


def test_lists_show_each_booking():
    event = EventFactory(name="Jazz", total_capacity=5)
    for left in (5, 3):
        assert f"Only {left} seats" in Client().get("/?search=jazz").content.decode()
        BookingFactory(event=event, quantity=2)
    assert "Only 1 seat left" in Client().get("/?search=jazz").content.decode()


CHANGES = {
    "name": "UPDATE events SET name = 'Another name' WHERE id = %s",
    "price": "UPDATE events SET current_price = 25 WHERE id = %s",
    "cancelled": "UPDATE events SET status = 'cancelled' WHERE id = %s",
    "organizer": "UPDATE users SET email_verified_at = NULL WHERE id ="
    " (SELECT created_by_id FROM events WHERE id = %s)",
}


@pytest.mark.parametrize("change", CHANGES)
def test_shared_page_changes_with_what_it_shows(change, clock):
    event = EventFactory(priced=20, shows_organizer_email=True)
    clock.stop(now())
    before = Client().get(detail(event)).content

    run(CHANGES[change], event.pk)

    assert Client().get(detail(event)).content != before
    assert_fresh(detail(event))


def test_shared_page_shows_each_booking_and_cancellation(clock):
    event = EventFactory(priced=20, total_capacity=5)
    clock.stop(now())
    booking = BookingFactory(event=event, quantity=2)
    assert "Only 3 seats left" in Client().get(detail(event)).content.decode()
    cancel(booking)
    assert "Only 5 seats left" in Client().get(detail(event)).content.decode()
    assert "Only 5 seats left" in Client().get(seats_of(event)).content.decode()


def test_shared_page_shows_the_waitlist_as_it_is():
    event, _ = full_event()
    for count in (1, 2):
        entry = join(event)
        assert f"{count} on the waitlist" in Client().get(detail(event)).content.decode()
    run("UPDATE waitlists SET status = 'left' WHERE id = %s", entry.pk)
    assert "1 on the waitlist" in Client().get(detail(event)).content.decode()


def test_shared_page_draws_a_price_that_rose_and_fell_again():
    event = EventFactory(priced=20)
    texts = []
    for price in (30, 20, 30, 20):
        run("UPDATE events SET current_price = %s WHERE id = %s", price, event.pk)
        texts.append(Client().get(detail(event)).content.decode())
    assert "has changed once" in texts[0]
    assert "has changed 4 times" in texts[3]


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(0), "On sale from"),
        (timedelta(hours=1), "seats left"),
        (timedelta(hours=2), "Bookings closed"),
        (timedelta(hours=3), "On now"),
        (timedelta(hours=4), "This event is over"),
    ],
)
def test_shared_page_changes_when_times_pass(ahead, words, clock):
    start = datetime(2099, 7, 1, 8, 7, 13, tzinfo=UTC)
    hour = timedelta(hours=1)
    event = EventFactory(
        sales_start_at=start + hour,
        sales_end_at=start + 2 * hour,
        event_date=start + 3 * hour,
        ends_at=start + 4 * hour,
    )
    clock.stop(start + ahead - timedelta(seconds=1))
    before = Client().get(detail(event)).content.decode()
    clock.stop(start + ahead)
    after = Client().get(detail(event)).content.decode()
    assert words in after
    assert (words in before) == (ahead == timedelta(0))


def test_shared_page_ends_with_the_year(clock):
    event = EventFactory(event_date=datetime(2099, 6, 1, 18, tzinfo=UTC))
    clock.stop(datetime(2098, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert "June 2099" in Client().get(detail(event)).content.decode()
    assert "Mon 1 Jun 2099" in Client().get("/").content.decode()
    clock.stop(datetime(2099, 1, 1, tzinfo=UTC))
    assert "Mon 1 Jun," in Client().get("/").content.decode()
    assert_fresh(detail(event))


def test_nothing_of_a_person_is_on_a_shared_page(client):
    event = EventFactory(total_capacity=5)
    user = UserFactory(name="Ana Secret")
    BookingFactory(event=event, user=user)
    client.force_login(user)

    own = client.get(detail(event)).content.decode()
    shared = Client().get(detail(event)).content.decode()

    assert "Ana Secret" in own
    assert "Show my ticket" in own
    for secret in ("Ana Secret", "csrf", "Show my", "Log out"):
        assert secret not in shared
    again = client.get(detail(event)).content.decode()
    assert "Ana Secret" in again


@pytest.mark.parametrize("path_of", [detail, lambda event: "/", lambda event: "/?search=x"])
def test_messages_are_shown_and_not_shared(rf, path_of):
    path = path_of(EventFactory())
    stored, response = CookieStorage(rf.get("/")), HttpResponse()
    stored.add(messages.INFO, "For one visitor.")
    stored.update(response)
    client = Client()
    client.cookies = response.cookies

    assert "For one visitor." in client.get(path).content.decode()
    assert "For one visitor." not in Client().get(path).content.decode()
    assert "For one visitor." not in client.get(path).content.decode()


@pytest.mark.parametrize("path_of", [detail, lambda event: "/", lambda event: "/?search=x"])
def test_users_see_what_visitors_see_below_a_top_of_their_own(path_of):
    path = path_of(EventFactory(priced=20))
    ana, bo = (UserFactory(name=name) for name in ("Ana 🎷", "Bo"))

    def page_of(user=None):
        client = Client()
        if user:
            client.force_login(user)
        return client.get(path).content.decode()

    pages = [page_of(user) for user in (ana, None, bo, ana)]

    assert ["Ana 🎷" in page for page in pages] == [True, False, False, True]
    assert ["Log in" in page for page in pages] == [False, True, False, False]
    assert ["csrfmiddlewaretoken" in page for page in pages] == [True, False, True, True]
    assert len({page.partition("<main")[2] for page in pages}) == 1


def test_user_with_seats_sees_them_on_the_shared_page():
    event = EventFactory()
    booking = BookingFactory(event=event, user=UserFactory())
    client = Client()
    client.force_login(booking.user)

    assert "You have 1 ticket" in client.get(detail(event)).content.decode()
    assert "You have" not in Client().get(detail(event)).content.decode()


@pytest.mark.parametrize("path_of", [detail, lambda event: "/", lambda event: "/?when=never"])
def test_the_top_is_markup_also_on_pages_that_are_not_shared(path_of):
    booking = BookingFactory(event=EventFactory(), user=UserFactory(name="Ana <Bo>"))
    client = Client()
    client.force_login(booking.user)

    page = client.get(path_of(booking.event)).content.decode()

    assert '<header class="site-header">' in page
    assert "Ana &lt;Bo&gt;" in page
    assert "&lt;header" not in page


@pytest.mark.parametrize("path_of", [detail, lambda event: "/"])
def test_pages_of_users_take_few_statements(django_assert_max_num_queries, path_of):
    path = path_of(EventFactory())
    client = Client()
    client.force_login(UserFactory())
    client.get(path)

    with django_assert_max_num_queries(6 if path_of is detail else 4):
        client.get(path)


def test_shared_page_is_the_same_for_any_query_compressed_or_not():
    event = EventFactory()
    plain = Client().get(detail(event))
    for path in (detail(event) + "?utm_source=x", detail(event) + "?page=2"):
        packed = Client().get(path, headers={"Accept-Encoding": "gzip, br"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content) == plain.content
        assert packed.headers["Content-Security-Policy"]
        assert "no-store" in packed.headers["Cache-Control"]
    head = Client().head(detail(event))
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(plain.content))


def test_shared_page_of_an_unpublished_event_is_not_found():
    event = EventFactory()
    Client().get(detail(event))
    run("UPDATE events SET published_at = NULL WHERE id = %s", event.pk)
    assert Client().get(detail(event)).status_code == 404


def test_looks_during_bookings_never_keep_a_page_with_other_seats():
    forget_everything()
    event = EventFactory(total_capacity=8)
    barrier = threading.Barrier(3)

    def look():
        barrier.wait()
        for _ in range(12):
            Client().get(detail(event))
        connection.close()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    barrier.wait()
    for _ in range(4):
        booking = BookingFactory(event=event, quantity=1)
        assert "Only 7 seats left" in Client().get(detail(event)).content.decode()
        cancel(booking)
        assert "Only 8 seats left" in Client().get(detail(event)).content.decode()
    for thread in threads:
        thread.join()
    assert_fresh(detail(event))
