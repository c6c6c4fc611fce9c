"""Listed sessions, by plain SQL: a deleted one ends its session, and goes with it."""

from hashlib import sha256
from uuid import uuid4

import pytest

from evently.tests.rows import insert, person
from evently.tests.sql import as_at_commit, refused, run

pytestmark = pytest.mark.django_db

KEY = "abcdefghijklmnopqrstuvwxyz012345"
DIGEST = sha256(KEY.encode()).hexdigest()


def session(**columns):
    run(
        "INSERT INTO django_session (session_key, session_data, expire_date)"
        " VALUES (%s, '', now() + interval '1 day') ON CONFLICT DO NOTHING",
        KEY,
    )
    given = {"user_id": columns.pop("user_id", None) or person(), "session_digest": DIGEST}
    return insert("user_sessions", **(given | columns))


def left():
    return run("SELECT session_key FROM django_session"), run("SELECT id FROM user_sessions")


def test_deleting_a_listed_session_ends_it():
    session()
    run("DELETE FROM user_sessions")
    assert left() == ([], [])


def test_deleting_a_session_takes_it_off_the_list():
    session()
    run("DELETE FROM django_session")
    assert left() == ([], [])


@pytest.mark.parametrize(
    "change", ["password_hash = '!x'", "session_version = session_version + 1"]
)
def test_new_password_ends_sessions(change):
    user_id = person()
    session(user_id=user_id)
    run("UPDATE users SET name = name, link_version = 7")
    assert len(left()[0]) == 1
    run(f"UPDATE users SET {change} WHERE id = %s", user_id)
    assert left() == ([], [])


def test_sessions_end_with_their_user():
    user_id = person()
    session(user_id=user_id)
    run("DELETE FROM users WHERE id = %s", user_id)
    assert left() == ([], [])
    with refused("fk_user_sessions_user"):
        session(user_id=uuid4())
        as_at_commit()


def test_listed_session_is_one_by_a_digest():
    first = session()
    with refused("unq_session_digest"):
        session()
    with refused("chk_session_digest"):
        session(session_digest=KEY)
    with refused("user_sessions_pkey"):
        session(id=first, session_digest="0" * 64)
