"""Texts and sender of an event's emails, tested with plain SQL: what is accepted and refused."""

import pytest

from evently.tests.rows import event, insert
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


def texts(event_id=None, **columns):
    return insert("event_emails", event_id=event_id or event(), **columns)


@pytest.mark.parametrize(
    "columns",
    [
        {"sender_name": "Żółć & Söhne, d.o.o.", "reply_to": "box@münchen.example"},
        {"above": "x" * 3_000, "template_type": "reminder", "picture": "drawing"},
        {"template_type": "reminder", "picture": "logo"},
    ],
)
def test_texts_are_accepted(columns):
    assert texts(**columns)


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_event_email_type", {"template_type": "gossip"}),
        ("chk_event_email_texts", {"above": "x" * 3_001}),
        ("chk_event_email_texts", {"below": "x" * 3_001}),
        ("chk_event_email_sender", {"sender_name": "Mill\r\nBcc: all@example.org"}),
        ("chk_event_email_sender", {"sender_name": 'Mill" <a@example.org>, "'}),
        ("chk_event_email_sender", {"sender_name": "Mill\\"}),
        ("chk_event_email_sender", {"sender_name": "x" * 71}),
        ("chk_event_email_reply_to", {"reply_to": "box@mill.example\nBcc: all@example.org"}),
        ("chk_event_email_reply_to", {"reply_to": "box"}),
        ("chk_event_email_picture", {"picture": "https://a.example/x.png"}),
        ("chk_event_email_version", {"version": 0}),
        ("chk_event_email_version", {"version": -1}),
        ("chk_event_email_failed", {"failure": "other"}),
        ("fk_event_emails_event", {"event_id": UNKNOWN_ID}),
    ],
)
def test_texts_are_refused(constraint, columns):
    with refused(constraint):
        texts(**columns)


@pytest.mark.parametrize("type_", [None, "reminder"])
def test_an_event_has_one_text_for_each_type(type_):
    event_id = event()
    id_ = texts(event_id, template_type=type_)

    with refused("unq_event_email"):
        texts(event_id, template_type=type_)
    with refused("event_emails_pkey"):
        texts(id=id_)
    assert texts(event_id, template_type="cancellation")


def test_texts_go_with_their_event_and_the_address_is_not_in_the_trail():
    event_id = event()
    id_ = texts(event_id, reply_to="box@mill.example")

    run("DELETE FROM events WHERE id = %s", event_id)

    assert value("SELECT count(*) FROM event_emails") == 0
    logged = "SELECT coalesce(after, before) ->> 'reply_to' FROM audit_log WHERE row_id = %s"
    assert run(logged, id_) == [("[redacted]",), ("[redacted]",)]
