"""Private pages stay out of search engines, caches and other sites' logs: checked for all URLs."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from bookings.factories import BookingFactory
from evently import page_kinds
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.links import sign_link
from events.factories import EventFactory

pytestmark = pytest.mark.django_db

# What each converter of a URL gets here. A token that does not work still shows a page.
EXAMPLES = {"UUIDConverter": uuid4(), "StringConverter": "cut-short", "SlugConverter": "x"}


def patterns(
    entries: list[URLPattern | URLResolver], converters: dict[str, str] | None = None
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (URL name, {argument: converter}) of all pages outside the admin and the API."""
    for entry in entries:
        own = {
            name: type(converter).__name__ for name, converter in entry.pattern.converters.items()
        }
        found = {**(converters or {}), **own}
        if isinstance(entry, URLResolver):
            if not str(entry.pattern).startswith(("admin/", "api/")):
                yield from patterns(entry.url_patterns, found)
        elif entry.name:
            yield entry.name, found


PAGES = dict(patterns(get_resolver().url_patterns))
names = pytest.mark.parametrize("name", PAGES)


def url_of(name: str) -> str:
    arguments = {
        argument: EXAMPLES.get(converter, 1) for argument, converter in PAGES[name].items()
    }
    return reverse(name, kwargs=arguments)


def assert_private(response, name):
    assert response.headers.get("X-Robots-Tag") == "noindex", name
    assert response.headers["Referrer-Policy"] == "same-origin", name
    assert {"no-store", "private"} <= set(
        response.headers.get("Cache-Control", "").replace(" ", "").split(",")
    ), name


def test_lists_of_kinds_name_existing_pages_without_secrets():
    optional = {"gallery"}  # in development only
    assert PAGES.keys() >= page_kinds.PUBLIC - optional
    for name in page_kinds.PUBLIC & PAGES.keys():
        assert "token" not in PAGES[name], f"{name} has a secret in its URL, so it is private"


@names
@pytest.mark.parametrize("method", ["get", "post"])
def test_page_has_the_headers_of_its_kind(client, name, method):
    visitor = getattr(client, method)(url_of(name))
    client.force_login(UserFactory())
    user = getattr(client, method)(url_of(name))

    if page_kinds.is_indexed(name):
        assert "X-Robots-Tag" not in visitor.headers
        return
    assert visitor.headers["X-Robots-Tag"] == "noindex"
    if page_kinds.is_private(name):
        assert_private(user, name)
        if visitor.status_code not in (301, 302):
            assert_private(visitor, name)


def test_pages_that_exist_are_private_too(client):
    booking = BookingFactory()
    token = sign_link(purpose="booking", row_id=booking.pk, event_id=booking.event_id)
    for name in ("booking_link", "booking_link_calendar", "booking_link_cancel"):
        response = client.get(reverse(name, args=[token]))
        assert response.status_code == 200, name
        assert_private(response, name)
    client.force_login(booking.user)
    for name in ("booking_detail", "booking_calendar"):
        assert_private(client.get(reverse(name, args=[booking.pk])), name)
    for name in ("account", "export_data", "my_bookings", "my_waitlists", "inbox"):
        assert_private(client.get(reverse(name)), name)


def test_events_and_the_list_of_events_can_be_found(client):
    event = EventFactory()
    for url in (reverse("home"), reverse("event_detail", args=[event.pk])):
        assert "X-Robots-Tag" not in client.get(url).headers


def test_admin_and_api_are_not_listed(client):
    assert client.get("/api/v1/events/").headers["X-Robots-Tag"] == "noindex"
    assert client.get("/admin/login/", follow=True).headers["X-Robots-Tag"] == "noindex"
    client.force_login(OrganizerFactory())
    page = client.get("/admin/")
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in page.headers["Cache-Control"]
