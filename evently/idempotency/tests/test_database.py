"""Idempotency keys go around Django: accepted, then refused."""

import pytest

from evently.tests.rows import insert, person
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db


def claim(**columns):
    given = {"key": "k", "method": "POST", "path": "/api/bookings/", "body_digest": "d"}
    return insert("idempotency_keys", **(given | {"user_id": person()} | columns))


def test_key_is_claimed_without_an_answer_and_keeps_one():
    row = claim()
    assert run("SELECT status, answer FROM idempotency_keys") == [(None, None)]
    assert value("SELECT created_at BETWEEN now() AND clock_timestamp() FROM idempotency_keys")

    run("UPDATE idempotency_keys SET status = 201, answer = '{\"id\": 1}' WHERE id = %s", row)

    assert run("SELECT status, answer FROM idempotency_keys") == [(201, '{"id": 1}')]


def test_key_is_there_once_a_person():
    who = person()
    row = claim(user_id=who)
    claim(user_id=who, key="another")
    claim()

    with refused("unq_idempotency_user_key"):
        claim(user_id=who, path="/api/waitlists/")
    with refused("idempotency_keys_pkey"):
        claim(id=row)


def test_status_is_none_below_zero():
    claim(status=0)
    with refused("idempotency_keys_status_check"):
        claim(status=-1)


def test_key_outlives_its_person_until_it_is_swept():
    """No foreign key: a key says nothing about anybody, and ends with its lifetime."""
    who = person()
    claim(user_id=who)
    run("DELETE FROM users WHERE id = %s", who)
    run("DELETE FROM idempotency_keys")
    assert value("SELECT count(*) FROM idempotency_keys") == 0
