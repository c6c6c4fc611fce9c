"""Users' keys by plain SQL: accepted, refused, and deleted with their user."""

import pytest
from django.db import DatabaseError, transaction

from evently.tests.database import as_owner
from evently.tests.rows import person
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db


def key(user_id=None, length=60):
    run(
        "INSERT INTO keys.person_keys (user_id, wrapped_key, wrapping_key_name)"
        " VALUES (%s, %s, 'dev')",
        *(user_id or person(), b"k" * length),
    )


def keys():
    return [user_id for (user_id,) in run("SELECT user_id FROM keys.person_keys")]


def test_user_has_one_key():
    user_id = person()
    key(user_id)
    key()

    with refused("person_keys_pkey"):
        key(user_id)

    assert len(keys()) == 2


@pytest.mark.parametrize("length", [0, 32, 59, 61])
def test_key_that_is_not_wrapped_is_refused(length):
    key()
    with refused("chk_wrapped_key_length"):
        key(length=length)
    with refused("chk_wrapped_key_length"):
        run("UPDATE keys.person_keys SET wrapped_key = %s", b"k" * length)


def test_deleting_a_user_deletes_the_key():
    deleted, stays = person(), person()
    key(deleted)
    key(stays)

    run("DELETE FROM users WHERE id = %s", deleted)

    assert keys() == [stays]


def test_deleting_many_users_deletes_all_keys():
    for _ in range(3):
        key()

    run("DELETE FROM users")

    assert keys() == []


@pytest.mark.django_db(transaction=True)
def test_truncating_users_truncates_the_keys():
    key()

    with as_owner() as owner:
        owner.execute("TRUNCATE users CASCADE")

    assert keys() == []


@pytest.mark.parametrize(
    "statement",
    ["TRUNCATE keys.person_keys", "TRUNCATE users CASCADE", "DROP TABLE keys.person_keys"],
)
def test_application_may_not_truncate(statement):
    key()
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
        transaction.atomic(),
    ):
        run(statement)
    assert value("SELECT count(*) FROM keys.person_keys") == 1
