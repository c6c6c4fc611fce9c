"""Second factors, by plain SQL: no code works twice, no secret is in plain text."""

from uuid import uuid4

import pytest

from evently.tests.rows import SEALED, insert, person
from evently.tests.sql import as_at_commit, refused, run

pytestmark = pytest.mark.django_db

TABLES = {
    "totp_factors": {"secret": SEALED},
    "passkeys": {"name": "Phone", "credential_id": "abc", "public_key": b"key"},
    "recovery_codes": {"digest": "a" * 64},
    "second_factor_resets": {"reason": SEALED},
}


def factor(table, **columns):
    given = {"user_id": columns.pop("user_id", None) or person(), **TABLES[table]}
    return insert(table, **(given | columns))


@pytest.mark.parametrize("table", TABLES)
def test_factor_needs_its_user_and_goes_with_it(table):
    user_id = person()
    row = factor(table, user_id=user_id)
    with refused(f"{table}_pkey"):
        factor(table, id=row, **({"credential_id": "other"} if table == "passkeys" else {}))
    run("DELETE FROM users WHERE id = %s", user_id)
    assert run(f"SELECT id FROM {table}") == []
    with refused(f"fk_{table}_user"):
        factor(table, user_id=uuid4())
        as_at_commit()


@pytest.mark.parametrize(
    ("table", "constraint", "columns"),
    [
        ("totp_factors", "chk_totp_sealed", {"secret": "JBSWY3DPEHPK3PXP"}),
        ("second_factor_resets", "chk_reset_sealed", {"reason": "lost her phone"}),
        ("recovery_codes", "chk_recovery_code_digest", {"digest": "abcd-efgh"}),
        ("passkeys", "chk_passkey_name", {"name": ""}),
        ("passkeys", "chk_passkey_name", {"name": "x" * 61}),
        ("passkeys", "chk_passkey_count", {"sign_count": -1}),
    ],
)
def test_values_are_checked(table, constraint, columns):
    user_id = person()
    with refused(constraint):
        factor(table, user_id=user_id, **columns)


@pytest.mark.parametrize(
    ("table", "constraint"),
    [
        ("totp_factors", "unq_totp_user"),
        ("recovery_codes", "unq_recovery_code"),
        ("passkeys", "unq_passkey_credential"),
    ],
)
def test_factor_is_there_once(table, constraint):
    user_id = person()
    factor(table, user_id=user_id)
    with refused(constraint):
        factor(table, user_id=user_id)


def test_app_is_confirmed_by_a_code_which_then_works_no_more():
    factor("totp_factors")
    with refused("chk_totp_confirmed"):
        run("UPDATE totp_factors SET confirmed_at = now()")
    run("UPDATE totp_factors SET confirmed_at = now(), last_step = 100")
    run("UPDATE totp_factors SET last_step = 101")


@pytest.mark.parametrize(
    "change",
    [
        "last_step = last_step",
        "last_step = 99",
        "last_step = NULL, confirmed_at = NULL",
        "last_step = 101, confirmed_at = now() + interval '1 hour'",
        "last_step = 101, secret = secret || 'x'",
        "last_step = 101, user_id = evently_uuid7()",
    ],
)
def test_app_never_takes_an_older_code_and_keeps_its_secret(change):
    factor("totp_factors", confirmed_at="2026-01-01T00:00:00Z", last_step=100)
    with refused("trg_totp_used"):
        run(f"UPDATE totp_factors SET {change}")


@pytest.mark.parametrize(
    "change", ["sign_count = 4", "public_key = 'other'", "credential_id = 'other'"]
)
def test_passkey_keeps_its_key_and_its_counter_only_grows(change):
    factor("passkeys", sign_count=5)
    run("UPDATE passkeys SET sign_count = 5, last_used_at = now(), name = 'Key'")
    with refused("trg_passkey_used"):
        run(f"UPDATE passkeys SET {change}")


def test_used_recovery_code_stays_used():
    factor("recovery_codes")
    with refused("trg_recovery_code_used"):
        run("UPDATE recovery_codes SET digest = repeat('b', 64)")
    run("UPDATE recovery_codes SET used_at = now()")
    with refused("trg_recovery_code_used"):
        run("UPDATE recovery_codes SET used_at = NULL")


@pytest.mark.parametrize("change", ["reason = reason || 'x'", "reset_by_id = evently_uuid7()"])
def test_reset_stays_as_it_was_written(change):
    factor("second_factor_resets")
    run("UPDATE second_factor_resets SET reset_by_id = NULL")
    with refused("trg_reset_kept"):
        run(f"UPDATE second_factor_resets SET {change}")
