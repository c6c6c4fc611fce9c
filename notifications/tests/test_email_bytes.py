"""Emails as the bytes that a mail server gets, read by other parsers than those that write them."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import DataError, IntegrityError, transaction
from fast_mail_parser import parse_email, parse_email_tree, walk
from ical.calendar_stream import IcsCalendarStream

from evently.accounts.factories import UserFactory
from evently.person_names import NameInvalid
from evently.tests.rows import insert, logo_columns
from events.factories import EventFactory
from notifications.emails.logos import MOST_LOGO_BYTES, PNG
from notifications.emails.message import build_email
from notifications.event_email_models import MOST_OWN_TEXT, EventEmail, Picture
from notifications.kinds import bookings
from notifications.logo_models import SIGNATURES
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.tests.delivering import deliver
from notifications.tests.emails import new_version
from notifications.tests.examples import EXAMPLES, Facts, example_of
from notifications.tests.mailserver import mail_server

pytestmark = pytest.mark.django_db

MOST_BYTES, LONGEST_LINE = 100_000, 998
PLACEHOLDER = re.compile(r"\{[^{}\s:;]{1,60}\}")
URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
# What no line of headers has, besides the line breaks between them: also what other programs than
# mail servers take for one.
BREAKS = re.compile("[\x00\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
ONE_HEADER = re.compile(rb"[A-Za-z][A-Za-z-]*: [\x20-\x7e]+|[ \t][\x20-\x7e]+")
HEADERS = {
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "Feedback-ID",
    "From",
    "In-Reply-To",
    "MIME-Version",
    "Message-ID",
    "References",
    "Subject",
    "To",
}
EVIL = "Bcc: all"
NASTY = {
    "CR": f"Jazz\r{EVIL}",
    "LF": f"Jazz\n{EVIL}",
    "CRLF twice": f"Jazz\r\n\r\n{EVIL}",
    "line separator": f"Jazz\u2028{EVIL}",
    "next line": f"Jazz\x85{EVIL}",
    "vertical tab": f"Jazz\x0b{EVIL}",
    "NUL": f"Jazz\x00{EVIL}",
    # Shown by readers as an address that the name may not have.
    "encoded address": "Jazz =?utf-8?q?box=40bank=2Eexample?=",
    "encoded": "Jazz =?utf-8?q?=0D=0ABcc=3A_all?=",
}


@pytest.fixture
def mail(settings):
    with mail_server() as server:
        settings.EMAIL_BACKEND = "notifications.emails.smtp.Backend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


class _Links(HTMLParser):
    """Collects what elements of HTML refer to."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        names = {"href", "src", "action", "background"}
        self.found += [(tag, value or "") for name, value in attrs if name in names]


def content_of(notification):
    return build_email(notification, notification.user).message().as_bytes(linesep="\r\n")


def parts_of(content):
    """Return the parts of an email that are no containers, the first one's headers are its own."""
    return [part for part in walk(parse_email_tree(content)) if not part.children]


def assert_headers_are_safe(content):
    head = content.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        assert ONE_HEADER.fullmatch(line), line
    email = parse_email(content, strict=True)
    for name, values in email.headers.items():
        assert len(values) == 1, name
        assert not BREAKS.search(values[0]), (name, values)
    return email


def links_of(email, parts):
    """Return all links to a page of an email; those to its own images have to be there."""
    (html,), (text,) = email.text_html, email.text_plain
    images = {part.content_id for part in parts if part.content_id}
    found = URL.findall(text)
    for tag, url in _Links(html).found:
        if url.startswith("cid:"):
            assert tag == "img"
            assert url[4:] in images, url
        else:
            assert re.match(r"https?://|mailto:", url), f"{url} is not absolute"
            found.append(url)
    found += URL.findall(" ".join(email.headers.get("List-Unsubscribe", [])))
    return {url for url in found if not url.startswith("mailto:")}


def assert_is_alive(client, url):
    """Follow a link to this site; those of an email work without logging in."""
    site, parts = urlsplit(django_settings.PUBLIC_URL), urlsplit(url)
    assert (parts.scheme, parts.netloc) == (site.scheme, site.netloc), url
    response = client.get(f"{parts.path}?{parts.query}".rstrip("?"), follow=True)
    assert response.status_code == 200, (url, response.status_code)
    assert "does not work" not in response.content.decode(), url


def assert_is_calendar(part):
    (calendar,) = IcsCalendarStream.from_ics(part.content.decode()).calendars
    (entry,) = calendar.events
    assert all(len(line) <= 75 for line in part.content.split(b"\r\n"))
    assert f'method="{calendar.method}"' in part.headers["Content-Type"][0]
    assert entry.dtend > entry.dtstart
    assert entry.dtstart.tzinfo is not None
    assert entry.uid
    assert entry.summary


@pytest.mark.parametrize("kind", EXAMPLES)
def test_email_is_whole_and_its_links_are_alive(kind, client, settings):
    settings.DEFAULT_FROM_EMAIL = "Kulturhaus Zürich <tickets@localhost>"
    notification = example_of(kind)

    content = content_of(notification)

    email = assert_headers_are_safe(content)
    assert email.warnings == []
    assert email.subject
    assert email.from_.display_name == "Kulturhaus Zürich"
    (recipient,) = email.to
    assert "@" in recipient.address
    assert not email.bcc
    assert not email.cc
    assert email.date_parsed is not None
    assert email.headers["Message-ID"] == [f"<{notification.pk}@localhost>"]
    assert email.headers["Auto-Submitted"] == ["auto-generated"]
    assert len(content) < MOST_BYTES
    assert max(map(len, content.split(b"\r\n"))) <= LONGEST_LINE
    assert content.replace(b"\r\n", b"").count(b"\n") == 0

    (text,), (html,) = email.text_plain, email.text_html
    assert len(text.split()) >= 10
    assert not PLACEHOLDER.search(text)
    assert not PLACEHOLDER.search(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    parts = parts_of(content)
    for url in links_of(email, parts):
        assert_is_alive(client, url)
    for part in parts:
        if part.content_type == "text/calendar":
            assert_is_calendar(part)


@pytest.mark.parametrize("picture", [Picture.DRAWING, Picture.LOGO])
def test_largest_email_is_below_the_limit(client, picture):
    """Ten tickets with codes of their own, and the longest texts that an event can have."""
    long = "Ünter den Linden " * 300
    event = EventFactory(
        name=long[:255],
        venue=long[:255],
        refund_policy=long[:2000],
        payment_instructions=long[:500],
        timezone="Europe/Zurich",
        event_date=datetime(2099, 7, 2, 18, 30, tzinfo=UTC),
        total_capacity=10,
        priced=20,
    )
    own = {"above": long[:MOST_OWN_TEXT], "below": long[:MOST_OWN_TEXT], "sender_name": long[:70]}
    EventEmail.objects.create(event=event, picture=picture, **own)
    is_logo = picture == Picture.LOGO
    largest = SIGNATURES[PNG].ljust(MOST_LOGO_BYTES, b"x")
    insert("event_logos", event_id=event.pk, **logo_columns(content=largest))
    facts = Facts(user=UserFactory(name=long[:255]), event=event)
    (id_,) = notify(messages=[bookings.booking_confirmed(facts.booking(quantity=10))])

    content = content_of(Notification.objects.get(pk=id_))

    parts = parts_of(content)
    assert sum(1 for part in parts if part.content_id) == 10 + is_logo
    # Django writes emails whose texts have lines too long, and folds this header before its value.
    email = assert_headers_are_safe(content.replace(b"Feedback-ID: \r\n ", b"Feedback-ID: "))
    assert email.from_.display_name == own["sender_name"].strip()
    pictures = [url for url in links_of(email, parts) if url.endswith(".png")]
    assert len(pictures) == 1 - is_logo
    for url in pictures:
        assert client.get(urlsplit(url).path)["Content-Type"] == "image/png"
    assert len(content) < MOST_BYTES
    assert max(map(len, content.split(b"\r\n"))) <= LONGEST_LINE


@pytest.mark.parametrize("where", ["event", "person", "template", "sender"])
@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_header_injection_is_refused_or_harmless(text, where, mail):
    """Names and subjects that bring line breaks along, on the bytes that a mail server gets."""
    facts = Facts()
    subject = text if where == "template" else "{eventName} {userName}"
    try:
        with transaction.atomic():
            new_version("booking_confirm", subject_template=subject)
            if where == "event":
                facts.event.name = facts.event.venue = text
                facts.event.save(update_fields=["name", "venue"])
            if where == "person":
                facts.user = UserFactory(name=text)
            if where == "sender":
                EventEmail.objects.create(event=facts.event, sender_name=text)
    except (DataError, IntegrityError, NameInvalid):
        # PostgreSQL has no NUL; names of people are checked wherever they come from, subjects of
        # templates and senders' names by the database.
        assert where in ("person", "template", "sender") or "\x00" in text
        return
    (id_,) = notify(messages=[EXAMPLES["booking_confirm"](facts)])

    deliver(Notification.objects.get(pk=id_))

    (content,) = mail.contents
    email = assert_headers_are_safe(content)
    assert set(email.headers) == HEADERS
    assert "Jazz" in email.subject
    if where == "sender":
        assert email.from_.display_name == " ".join(text.replace("=?", "= ?").split())
    assert [each.address for each in email.to] == [facts.user.email]
    (calendar,) = (part for part in parts_of(content) if part.content_type == "text/calendar")
    assert_is_calendar(calendar)
