"""Emails are written as Django writes them, as far as a parser can tell."""

from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError

from notifications.emails.message import build_email
from notifications.emails.mime import Email, WrittenMessage
from notifications.tests.examples import EXAMPLES, example_of

LONG = "A very long subject that has to be folded, " * 4
IGNORED = {"content-type", "date"}


def parsed(content):
    return message_from_bytes(content, policy=policy.default)


def contents(message):
    """Return all that a reader sees of a parsed message: headers, and parts with theirs."""
    # Where it folds a long header, the standard library puts a space before it, or drops one after.
    headers = {
        name: value.strip() for name, value in message.items() if name.lower() not in IGNORED
    }
    parts = []
    for part in message.walk():
        assert not part.defects, part.defects
        parameters = {
            name: value for name, value in part["Content-Type"].params.items() if name != "boundary"
        }
        said = None if part.is_multipart() else part.get_content()
        kinds = (part.get_content_type(), parameters, part.get_content_disposition())
        parts.append((*kinds, part.get_filename(), part["Content-ID"], said))
    return headers, parts


def assert_equal(email):
    ours = email.message()
    assert isinstance(ours, WrittenMessage)
    theirs = EmailMultiAlternatives.message(email)
    for linesep in ("\n", "\r\n"):
        written = ours.as_bytes(linesep=linesep)
        assert written.count(b"\n") == written.count(linesep.encode())
        assert contents(parsed(written)) == contents(parsed(theirs.as_bytes(linesep=linesep)))
        head = written.partition(linesep.encode() * 2)[0]
        assert head.isascii()
        assert all(len(line) <= 998 for line in written.split(linesep.encode()))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", EXAMPLES)
def test_emails_of_all_kinds_are_equal(kind):
    notification = example_of(kind)
    assert_equal(build_email(notification, notification.user))


@pytest.mark.parametrize(
    "values",
    [
        {"subject": "Übermorgen: Böll & Söhne – 日本語"},
        {"subject": LONG},
        {"subject": "Grüße an alle, die das noch lesen, " * 5},
        {"body": "From here\n.\n..dots\n\nfrom\r\nthere\rand on\n"},
        {"body": "Ends without a line break – 日本語"},
        {"body": "x" * 300},
        {"reply_to": ["box@mill.example", "büro@example.org"]},
        {"from_email": "Kulturhaus Zürich <tickets@example.org>"},
        {"headers": {"Message-ID": "<a@b>", "X-Note": LONG}},
    ],
)
def test_unusual_emails_are_equal(values):
    email = Email(**({"subject": "Hello", "body": "Hello", "to": ["ada@example.org"]} | values))
    email.extra_headers.setdefault("Message-ID", "<a@b>")
    email.attach_alternative("<p>Hello, Zürich</p>\n", "text/html")
    assert_equal(email)


def test_lines_that_are_too_long_are_encoded_by_django():
    email = Email(subject="Hello", body="ü" * 600, to=["ada@example.org"])
    email.attach_alternative("<p>Hello</p>", "text/html")

    message = email.message()

    assert not isinstance(message, WrittenMessage)
    assert parsed(message.as_bytes()).get_body(("plain",)).get_content().strip() == "ü" * 600


def test_headers_of_several_lines_are_refused():
    email = Email(subject="Hello\nBcc: all@example.org", body="Hello", to=["ada@example.org"])
    with pytest.raises(BadHeaderError):
        email.message()
