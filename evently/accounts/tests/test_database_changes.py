"""Changes of email addresses, by plain SQL."""

from uuid import uuid4

import pytest

from evently.tests.rows import SEALED, insert, person
from evently.tests.sql import as_at_commit, refused, run

pytestmark = pytest.mark.django_db


def change(**columns):
    given = {"user_id": columns.pop("user_id", None) or person()}
    return insert("email_changes", **({"old_email": SEALED, "new_email": SEALED} | given | columns))


def test_one_change_of_an_account_is_open():
    user_id = person()
    change(user_id=user_id)
    run("UPDATE email_changes SET confirmed_at = now() + interval '1 hour'")
    change(user_id=user_id)
    with refused("unq_email_change_open"):
        change(user_id=user_id)


@pytest.mark.parametrize("column", ["old_email", "new_email"])
def test_addresses_are_sealed(column):
    user_id = person()
    with refused("chk_email_change_sealed"):
        change(user_id=user_id, **{column: "zoe@example.org"})


@pytest.mark.parametrize(
    "times",
    [
        "undone_at = now() + interval '1 day'",
        "confirmed_at = requested_at - interval '1 second'",
        "confirmed_at = requested_at, undone_at = requested_at - interval '1 second'",
    ],
)
def test_what_happens_to_a_change_has_an_order(times):
    change()
    with refused("chk_email_change_order"):
        run(f"UPDATE email_changes SET {times}")


def test_changes_need_their_user_and_go_with_it():
    user_id = person()
    change(user_id=user_id)
    run("DELETE FROM users WHERE id = %s", user_id)
    assert run("SELECT id FROM email_changes") == []
    with refused("fk_email_changes_user"):
        change(user_id=uuid4())
        as_at_commit()
    with refused("email_changes_pkey"):
        change(id=change())
