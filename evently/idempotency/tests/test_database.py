"""Constraints of the idempotency keys: the database accepts, then refuses."""

import pytest

from evently.tests.rows import insert, person
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db


def claim(**columns):
    given = {"key": "k", "method": "POST", "path": "/api/bookings/", "body_digest": "d"}
    return insert("idempotency_keys", **(given | {"user_id": person()} | columns))


def test_key_is_claimed_without_an_answer_and_stores_one_later():
    row = claim()
    assert run("SELECT status, answer FROM idempotency_keys") == [(None, None)]
    assert value("SELECT created_at BETWEEN now() AND clock_timestamp() FROM idempotency_keys")

    run("UPDATE idempotency_keys SET status = 201, answer = '{\"id\": 1}' WHERE id = %s", row)

    assert run("SELECT status, answer FROM idempotency_keys") == [(201, '{"id": 1}')]


def test_key_is_unique_per_user():
    user_id = person()
    row = claim(user_id=user_id)
    claim(user_id=user_id, key="another")
    claim()

    with refused("unq_idempotency_user_key"):
        claim(user_id=user_id, path="/api/waitlists/")
    with refused("idempotency_keys_pkey"):
        claim(id=row)


def test_status_is_not_negative():
    claim(status=0)
    with refused("idempotency_keys_status_check"):
        claim(status=-1)


def test_key_outlives_its_user_until_it_expires():
    """No foreign key: a key holds no personal data, and is deleted after its lifetime."""
    user_id = person()
    claim(user_id=user_id)
    run("DELETE FROM users WHERE id = %s", user_id)
    run("DELETE FROM idempotency_keys")
    assert value("SELECT count(*) FROM idempotency_keys") == 0
