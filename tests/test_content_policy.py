"""No page has inline code, and every answer has the Content-Security-Policy: walked through.

The admin's theme needs inline styles and `unsafe-eval` (evently.settings.security); inline scripts
and event handlers are forbidden there, too.
"""

from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from bookings.factories import BookingFactory
from evently.accounts.factories import SuperuserFactory, UserFactory
from evently.accounts.forms import LogInForm
from evently.database import watch
from evently.links import sign_link
from events.factories import EventFactory
from tests.test_private_pages import PAGES, url_of

pytestmark = pytest.mark.django_db

STRICT = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
ADMIN = STRICT | {"script-src": "'self' 'unsafe-eval'", "style-src": "'self' 'unsafe-inline'"}
# Data, which no browser runs.
DATA_BLOCKS = {"application/ld+json", "application/json"}


class InlineCode(HTMLParser):
    """Collects what the policy would forbid: scripts, styles and handlers within a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "script" and "src" not in given and given.get("type") not in DATA_BLOCKS:
            self.found.append("script")
        if tag == "style":
            self.found.append("style")
        for name, content in given.items():
            if name.startswith("on") or name == "style":
                self.found.append(f"{tag} {name}={content}")
            if (content or "").strip().casefold().startswith(("javascript:", "data:text/html")):
                self.found.append(f"{tag} {name}={content}")


def inline_code(response):
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return []
    parser = InlineCode()
    parser.feed(b"".join(response).decode() if response.streaming else response.content.decode())
    return parser.found


def policy_of(response):
    header = response.headers["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in header.split(";") if part.strip())


def assert_strict(response, what):
    assert policy_of(response) == STRICT, what
    assert response.headers["X-Content-Type-Options"] == "nosniff", what
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin", what
    assert response.headers["Referrer-Policy"] == "same-origin", what
    assert inline_code(response) == [], what


def test_inline_code_is_found():
    for bad in (
        "<script>1</script>",
        "<style>a{}</style>",
        "<a onclick=x>",
        "<p style=color:red>",
        "<a href=' JavaScript:x'>",
        "<svg onload=x>",
    ):
        parser = InlineCode()
        parser.feed(bad)
        assert parser.found, bad


# An email, with styles of its own, in a sandbox (notifications/tests/test_devmail.py).
@pytest.mark.parametrize("name", sorted(PAGES.keys() - {"dev_mail_html"}))
def test_pages_of_every_url(client, name):
    for method in ("get", "post"):
        assert_strict(getattr(client, method)(url_of(name)), name)
    client.force_login(UserFactory())
    assert_strict(client.get(url_of(name)), name)


def test_pages_that_show_something(client):
    booking, event = BookingFactory(), EventFactory()
    token = sign_link(purpose="booking", row_id=booking.pk, event_id=booking.event_id)
    urls = [
        reverse("home"),
        reverse("event_detail", args=[booking.event_id]),
        reverse("event_detail", args=[event.pk]),
        reverse("booking_link", args=[token]),
        "/?q=nothing",
        "/?cursor=nonsense",
    ]
    for url in urls:
        assert_strict(client.get(url), url)
    client.force_login(booking.user)
    urls += [reverse("booking_detail", args=[booking.pk])]
    urls += [reverse(name) for name in ("account", "my_bookings", "my_waitlists", "inbox")]
    for url in urls:
        response = client.get(url)
        assert response.status_code in (200, 400), url
        assert_strict(response, url)


def test_errors(client, settings):
    settings.DEBUG = False
    client.raise_request_exception = False
    assert_strict(client.get("/nowhere/"), 404)
    assert_strict(client.post("/", headers={"Host": "other.example"}), 400)
    assert_strict(client.get("/events/%00/"), "null byte")
    assert_strict(client.get(f"/?q={'x' * 5000}"), 414)
    assert_strict(client.delete(reverse("log_in")), 405)
    assert_strict(client.generic("TRACE", "/"), 405)
    assert_strict(client.get("/api/v1/nowhere/"), "problem")
    assert_strict(client.get("/api/v1/me/"), 401)
    strict = type(client)(enforce_csrf_checks=True)
    refused = strict.post(reverse("log_in"), {"email": "a@example.org", "password": "x"})
    assert refused.status_code == 403
    assert_strict(refused, "csrf")


def test_what_is_no_page(client, settings):
    settings.SECURITY_CONTACT = "security@example.org"
    for url in (
        "/robots.txt",
        "/sitemap.xml",
        "/.well-known/security.txt",
        "/healthz",
        "/api/v1/docs/",
        "/api/v1/events/",
        reverse("cover_image", args=[1, 1]),
        # Closing a file closes the database's connection.
        "/favicon.ico",
        "/static/js/theme.js",
    ):
        response = client.get(url)
        assert response.status_code == 200, url
        assert_strict(response, url)
        if response.streaming:
            response.close()


def test_server_errors_and_a_database_that_is_down(client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr(watch, "is_down", lambda: True)
    down = client.get("/")
    assert down.status_code == 503
    assert_strict(down, 503)
    monkeypatch.undo()
    monkeypatch.setattr(LogInForm, "__init__", None)
    broken = client.get(reverse("log_in"))
    assert broken.status_code == 500
    assert_strict(broken, 500)


def test_admin_pages_run_no_inline_code(client):
    boss = SuperuserFactory()
    client.force_login(boss)
    booking = BookingFactory()
    objects = {type(one): one for one in (boss, booking, booking.event)}
    urls = [reverse("admin:index")]
    for model in admin.site._registry:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        urls.append(reverse(f"{base}_changelist"))
        try:
            urls.append(reverse(f"{base}_add"))
            if model in objects:
                urls.append(reverse(f"{base}_change", args=[objects[model].pk]))
        except NoReverseMatch:
            continue
    shown = 0
    for url in urls:
        response = client.get(url, follow=True)
        assert policy_of(response) == ADMIN, url
        # Styles are allowed to the theme.
        code = [one for one in inline_code(response) if "style" not in one]
        assert code == [], url
        shown += response.status_code == 200
    assert shown > len(admin.site._registry)
