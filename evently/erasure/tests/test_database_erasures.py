"""The rules of erasures and of their register's state, by plain SQL."""

import pytest
from django.db import DatabaseError, transaction

from evently.tests.rows import person
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

INSERT = (
    "INSERT INTO erasures (user_id, kind, cause, erased_at, document, number, line)"
    " VALUES (%s, %s, %s, now(), '{}', %s, 'x') RETURNING id"
)


def insert(number=1, kind="erased", cause="request"):
    return value(INSERT, person(), kind, cause, number)


def test_erasure_has_a_number_of_its_own_and_known_values():
    erasure = insert()
    with refused("erasures_number_key"):
        insert()
    with refused("chk_erasure_number"):
        insert(number=0)
    with refused("chk_erasure_kind"):
        insert(number=2, kind="forgotten")
    with refused("chk_erasure_cause"):
        insert(number=2, cause="chance")
    with refused("erasures_pkey"):
        run(
            "INSERT INTO erasures (id, user_id, cause, erased_at, document, number, line)"
            " VALUES (%s, %s, 'request', now(), '{}', 2, 'x')",
            erasure,
            person(),
        )


def test_receipt_is_completed_once_and_nothing_else_changes():
    erasure = insert()
    for column, text in (
        ("user_id", "gen_random_uuid()"),
        ("erased_at", "now() - interval '1 day'"),
        ("number", "9"),
        ("line", "'y'"),
        ("kind", "'deleted'"),
    ):
        with refused("trg_erasure_frozen"):
            run(f"UPDATE erasures SET {column} = {text} WHERE id = %s", erasure)
    run("UPDATE erasures SET completed_at = now(), document = '{\"a\": 1}' WHERE id = %s", erasure)
    with refused("trg_erasure_frozen"):
        run("UPDATE erasures SET document = '{}' WHERE id = %s", erasure)
    with refused("trg_erasure_frozen"):
        run("DELETE FROM erasures WHERE id = %s", erasure)


def test_state_of_the_register_is_one_row_that_only_grows():
    with refused("erasure_register_pkey"):
        run("INSERT INTO erasure_register DEFAULT VALUES")
    with refused("chk_register_one_row"):
        run("INSERT INTO erasure_register (id) VALUES (2)")
    run("UPDATE erasure_register SET last_number = 5, last_digest = 'e'")
    for change in ("last_number = 4", "last_digest = 'f'"):
        with refused("trg_register_forward"):
            run(f"UPDATE erasure_register SET {change}")
    with refused("trg_register_forward"):
        run("DELETE FROM erasure_register")
    run("UPDATE erasure_register SET written_number = 5")
    with refused("chk_register_numbers"):
        run("UPDATE erasure_register SET written_number = 6")


def test_trail_is_redacted_for_people_who_are_being_erased_only():
    who = person()
    run("UPDATE users SET timezone = 'Africa/Nairobi' WHERE id = %s", who)
    with refused("trg_append_only"):
        value("SELECT evently_forget_in_trail(%s)", who)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        run("SET LOCAL evently.redacting = 'on'")
        run("UPDATE audit_log SET actor = 'me'")

    run("UPDATE users SET deleted_at = now(), timezone = '' WHERE id = %s", who)

    assert value("SELECT evently_forget_in_trail(%s)", who) == 2
    logged = run(
        "SELECT before ->> 'timezone', after ->> 'timezone' FROM audit_log WHERE row_id = %s"
        " ORDER BY id OFFSET 1",
        who,
    )
    assert logged == [("[redacted]", "[redacted]"), ("[redacted]", "[redacted]")]
    assert value("SELECT evently_forget_in_trail(%s)", who) == 0
