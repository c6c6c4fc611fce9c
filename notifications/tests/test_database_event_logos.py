"""Logos of an event's emails, tested with plain SQL: what is accepted and refused."""

import pytest

from evently.tests.rows import event, insert, logo_columns
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"
JPEG_START = b"\xff\xd8\xff\xe0"


def logo(event_id=None, **columns):
    return insert("event_logos", event_id=event_id or event(), **logo_columns(**columns))


@pytest.mark.parametrize(
    "columns",
    [
        {"width": 1_000, "height": 320, "content": b"\x89PNG\r\n\x1a\n" + b"x" * 29_992},
        {"width": 1, "height": 1, "content": JPEG_START, "content_type": "image/jpeg"},
    ],
)
def test_logos_are_accepted(columns):
    assert logo(**columns)


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_event_logo_bytes", {"content": b"\x89PNG\r\n\x1a\n" + b"x" * 29_993}),
        ("chk_event_logo_type", {"content": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}),
        ("chk_event_logo_type", {"content_type": "image/svg+xml"}),
        ("chk_event_logo_type", {"content_type": "text/html"}),
        ("chk_event_logo_type", {"content": JPEG_START}),
        ("chk_event_logo_type", {"content": b""}),
        ("chk_event_logo_size", {"width": 1_001}),
        ("chk_event_logo_size", {"width": 0}),
        ("chk_event_logo_size", {"height": 321}),
        ("chk_event_logo_digest", {"digest": b"x" * 32}),
        ("chk_event_logo_version", {"version": 0}),
        ("fk_event_logos_event", {"event_id": UNKNOWN_ID}),
    ],
)
def test_logos_are_refused(constraint, columns):
    with refused(constraint):
        logo(**columns)


def test_an_event_has_one_logo_which_goes_with_it_and_is_not_in_the_trail():
    event_id = event()
    id_ = logo(event_id)

    with refused("unq_event_logo"):
        logo(event_id)
    with refused("event_logos_pkey"):
        logo(id=id_)
    run("DELETE FROM events WHERE id = %s", event_id)
    assert value("SELECT count(*) FROM event_logos") == 0
    logged = "SELECT coalesce(after, before) ->> 'content' FROM audit_log WHERE row_id = %s"
    assert run(logged, id_) == [("[redacted]",), ("[redacted]",)]
