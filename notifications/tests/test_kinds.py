"""The registry of kinds: every entry is complete, works, and is accepted by the database."""

import re
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from evently.environment import BASE_DIR
from evently.tests.sql import run, value
from notifications.copies.content import opened_copy, sealed_copy
from notifications.emails.message import build_email, write_content
from notifications.emails.placeholders import check
from notifications.emails.templates import shipped
from notifications.emails.variables import VARIABLES
from notifications.forms import PreferencesForm
from notifications.kinds import (
    KINDS,
    Category,
    IncompleteKind,
    Kind,
    UnknownKind,
    collect,
    kind_named,
)
from notifications.kinds.base import EMAIL_ONLY, link_to_event
from notifications.models import Channel
from notifications.preferences import wanted_channels
from notifications.presenters import present
from notifications.tests.emails import assert_balanced, html_of
from notifications.tests.examples import EXAMPLES, example_of

pytestmark = pytest.mark.django_db

ICONS = set(re.findall(r'id="([^"]+)"', (BASE_DIR / "static/img/icons.svg").read_text()))
# The letters and numbers of a token, a key or a signature.
TOKEN = re.compile(r"(?=[A-Za-z_-]*\d)[\w-]{32,}")
PLACEHOLDER = re.compile(r"\{[A-Za-z]+\}")
DEFINITION = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s"

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def test_every_kind_has_an_example():
    assert set(EXAMPLES) == set(KINDS), "add an example to notifications/tests/examples.py"


def test_the_database_accepts_exactly_the_registered_kinds():
    definitions = {definition for (definition,) in run(DEFINITION, "chk_notification_type")}
    assert len(definitions) == 1, "partitions differ from their table"

    (definition,) = definitions

    assert set(re.findall(r"'(\w+)'", definition)) == set(KINDS), (
        "The kinds in notifications/kinds differ from those that chk_notification_type allows. "
        "Write a migration with allow_kinds (notifications/migration.py)."
    )
    assert "NOT VALID" not in definition


def test_the_database_knows_the_kinds_that_are_always_sent():
    known = "SELECT type FROM unnest(%s::text[]) AS type WHERE evently_always_sent(type)"
    always = {kind.name for kind in KINDS.values() if kind.is_always_sent}
    assert {name for (name,) in run(known, list(KINDS))} == always, (
        "Write a new version of evently_always_sent, and a migration that installs it."
    )
    assert not any(kind.need for kind in KINDS.values() if kind.category is Category.ACCOUNT)


# ── Every kind ──────────────────────────────────────────────────────────────
@every_kind
def test_kind_has_a_name_a_label_and_a_text(kind):
    notification = example_of(kind.name)

    assert notification.type == kind.name
    assert notification.message.endswith((".", "!"))
    assert not PLACEHOLDER.search(notification.message)
    assert kind.label
    assert kind_named(kind.name) is kind


@every_kind
def test_kind_is_shown_in_the_inbox_with_an_icon_and_a_working_link(kind, client):
    notification = example_of(kind.name)
    client.force_login(notification.user)

    shown = present(notification)
    page = client.get("/notifications/").content.decode()

    if Channel.IN_APP not in kind.channels:
        assert "inbox__item" not in page
        return
    assert f'icons.svg#{kind.icon}"' in page
    assert kind.icon in ICONS
    assert bool(shown.url) == bool(shown.link_text) == (kind.name != "notification")
    if shown.url:
        assert resolve(urlsplit(shown.url).path)
        assert client.get(shown.url).status_code == 200
        assert shown.link_text in page


@every_kind
def test_kind_renders_a_complete_email(kind):
    notification = example_of(kind.name)

    email = build_email(notification, notification.user)

    html = html_of(email)
    for text in (email.subject, email.body, html):
        assert text.strip()
        assert not PLACEHOLDER.search(re.sub(r"<style>.*?</style>", "", text, flags=re.S))
    assert "\n" not in email.subject
    assert "Ada Lovelace" in html
    assert "Ada Lovelace" in email.body
    assert "<Blues>" not in html
    assert_balanced(html)


@every_kind
def test_kind_links_to_this_site_only(kind, settings):
    settings.PUBLIC_URL = "https://tickets.example.org"
    notification = example_of(kind.name)

    email = build_email(notification, notification.user)

    html = html_of(email)
    links = re.findall(r'href="([^"]+)"', html)
    assert all(link.startswith("https://tickets.example.org") for link in links), links
    assert 'class="button"' in html
    assert_copy_is_harmless(email, notification.user)


def assert_copy_is_harmless(email, user):
    """Assert that what is kept of an email has none of its links, codes and tokens."""
    sealed = sealed_copy(email, key=user.person_key, id_=user.pk)
    copy = opened_copy(sealed, key=user.person_key, id_=user.pk)
    everything = "\n".join([copy.subject, copy.text, copy.html, *copy.headers.values()])
    assert "https://tickets.example.org/" not in everything
    assert "href=" not in everything
    assert "<img" not in everything
    # Their ids open nothing.
    for name in ("Message-ID", "References", "Feedback-ID", "List-Id"):
        everything = everything.replace(email.extra_headers.get(name, "–"), "")
    assert TOKEN.findall(everything) == []
    assert "Ada Lovelace" in copy.text
    assert len(copy.html) > len(html_of(email)) / 3


@every_kind
def test_kind_has_exactly_the_values_of_its_template(kind):
    notification = example_of(kind.name)

    values = write_content(notification, notification.user).values

    assert set(values) == set(VARIABLES[kind.template])
    template = shipped(kind.template)
    for part in (template.subject, template.html, template.text):
        check(part, allowed=VARIABLES[kind.template])


@every_kind
def test_kind_is_in_the_preferences_form_or_always_sent(kind, user):
    form = PreferencesForm({}, user=user)
    assert form.is_valid()
    preferences = form.merged() | {"all": {"email": False}}

    wanted = wanted_channels(
        list(kind.channels), kind, preferences=preferences, entry_preferences={}
    )

    is_switched = kind.category in form.fields and not kind.is_always_sent
    assert is_switched == (kind.name in form.merged())
    if kind.is_always_sent:
        assert wanted == list(kind.channels)
    else:
        assert Channel.EMAIL not in wanted
        # Nothing sends the general kind, so a switch for it would do nothing.
        assert kind.category in form.fields or kind.name == "notification"


def test_no_secret_is_stored():
    for name in KINDS:
        notification = example_of(name)
        build_email(notification, notification.user)

    stored = str(run("SELECT message, data FROM notifications"))
    assert "/account/" not in stored
    assert "/b/" not in stored


# ── Incomplete entries ──────────────────────────────────────────────────────
def made(**changes):
    given = {"name": "parade", "label": "Parade", "category": Category.OTHER}
    given |= {"write_email": lambda notification, user: None, "icon": "bell"}
    return Kind(**(given | {"link": link_to_event} | changes))


@pytest.mark.parametrize("part", ["name", "label", "icon", "link", "channels"])
def test_incomplete_kind_is_refused(part):
    with pytest.raises(IncompleteKind, match=part):
        made(**{part: ""})


def test_kind_sent_by_email_only_needs_no_icon_and_no_link():
    assert made(icon="", link=None, channels=EMAIL_ONLY)


def test_duplicate_name_is_refused():
    with pytest.raises(IncompleteKind, match="parade"):
        collect([SimpleNamespace(A=made()), SimpleNamespace(B=made())])


def test_imported_kind_is_collected_once():
    kind = made()

    assert collect([SimpleNamespace(A=kind), SimpleNamespace(B=kind)]) == {"parade": kind}


def test_unknown_name_is_refused():
    with pytest.raises(UnknownKind):
        kind_named("gossip")


# ── One description for inbox and email ─────────────────────────────────────
def test_the_email_of_a_cancellation_says_who_and_why_as_the_inbox_does():
    notification = example_of("cancellation")
    reference = value("SELECT booking_reference FROM bookings")

    assert notification.message == (
        f"The organizer has cancelled 2 seats for Jazz & <Blues> ({reference}). "
        "Their reason: The hall is too small."
    )
    text = " ".join(build_email(notification, notification.user).body.split())
    assert f"Hello Ada Lovelace, t{notification.message[1:]}" in text


@pytest.mark.parametrize(
    "name",
    [
        "account_exists",
        "password_ended",
        "guest_refused",
        "event_cancelled",
        "event_changed",
        "promotion_ended",
        "waitlist_closed",
        "notification",
    ],
)
def test_emails_without_a_template_of_their_own_repeat_the_message(name):
    notification = example_of(name)

    values = write_content(notification, notification.user).values

    assert notification.message in str(values["text"])


@pytest.mark.parametrize(
    ("former", "data", "kind"),
    [
        ("account_exists", {"refused": "person_limit"}, "guest_refused"),
        ("password_reset", {"because": "booked_as_guest"}, "password_ended"),
    ],
)
def test_rows_of_the_older_release_are_written_as_what_they_are(former, data, kind):
    notification = example_of(kind)
    expected = write_content(notification, notification.user).values["heading"]

    notification.type, notification.data = former, data

    assert write_content(notification, notification.user).values["heading"] == expected
