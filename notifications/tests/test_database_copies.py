"""Attempts and copies of emails, by plain SQL."""

from uuid import uuid4

import pytest

from evently.tests.rows import insert, person
from evently.tests.sql import refused, run

pytestmark = pytest.mark.django_db


def attempted(**columns):
    given = {"delivery_id": uuid4(), "number": 1, "outcome": "accepted", "provider": "smtp"}
    user_id = columns.pop("user_id", None) or person()
    return insert("email_attempts", user_id=user_id, **(given | columns))


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"outcome": "lost"}, "chk_email_attempt_outcome"),
        ({"provider": "Ana Smith"}, "chk_email_attempt_provider"),
        ({"code": "550 ana"}, "chk_email_attempt_code"),
        ({"answer": "<ana@example.org> unknown"}, "chk_email_attempt_answer"),
        ({"answer": "two\nlines"}, "chk_email_attempt_answer"),
        ({"answer": "a" * 241}, "chk_email_attempt_answer"),
        ({"number": -1}, "email_attempts_number_check"),
        ({"user_id": uuid4()}, "fk_email_attempts_user"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_attempts_hold_codes_and_short_answers(columns, constraint):
    attempted(code="550 5.1.1", answer="User unknown")
    with refused(constraint):
        attempted(**columns)


def test_attempts_and_copies_stay_as_they_are():
    row = attempted()
    copy = insert("sent_emails", user_id=person(), delivery_id=uuid4(), sealed=b"sealed" * 5)
    with refused("email_attempts_pkey"):
        attempted(id=row)
    with refused("sent_emails_pkey"):
        insert("sent_emails", id=copy, user_id=person(), delivery_id=uuid4(), sealed=b"seal" * 8)
    with refused("trg_delivery_frozen"):
        run("UPDATE email_attempts SET answer = 'fine' WHERE id = %s", row)
    with refused("trg_delivery_frozen"):
        run("UPDATE sent_emails SET sealed = 'other' WHERE id = %s", copy)
    with refused("fk_sent_emails_user"):
        insert("sent_emails", user_id=uuid4(), delivery_id=uuid4(), sealed=b"sealed" * 5)
    for size in (28, 70_001):
        with refused("chk_sent_email_sealed"):
            insert("sent_emails", user_id=person(), delivery_id=uuid4(), sealed=b"s" * size)
