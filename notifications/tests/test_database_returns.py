"""Reports and suppressed addresses, by plain SQL."""

from datetime import timedelta
from uuid import uuid4

import pytest

from evently.tests.rows import insert, person
from evently.tests.sql import refused, run

pytestmark = pytest.mark.django_db

SEALED = "sealed:v1:" + "a" * 40
DIGEST = "ab" * 32


def reported(**columns):
    given = {
        "delivery_id": uuid4(),
        "outcome": "bounced",
        "source": "mailbox",
        "digest": uuid4().hex * 2,
    }
    user_id = columns.pop("user_id", None) or person()
    return insert("email_returns", user_id=user_id, **(given | columns))


def suppressed(**columns):
    given = {"address": SEALED, "address_digest": DIGEST, "reason": "complaint"}
    user_id = columns.pop("user_id", None) or person()
    return insert("suppressions", user_id=user_id, **(given | columns))


def release(row, *, how="person"):
    run(
        "UPDATE suppressions SET release = %s, released_at = evently_clock() WHERE id = %s",
        *(how, row),
    )


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"outcome": "opened"}, "chk_return_outcome"),
        ({"reason": "unlucky"}, "chk_return_reason"),
        ({"code": "550 <ana@example.org> unknown"}, "chk_return_code"),
        ({"source": "ana@example.org"}, "chk_return_source"),
        ({"digest": "ana"}, "chk_return_digests"),
        ({"address_digest": "ana@example.org"}, "chk_return_digests"),
        ({"outcome": "delivered", "is_permanent": True}, "chk_return_permanent"),
        ({"user_id": uuid4()}, "fk_email_returns_user"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reports_hold_codes_only(columns, constraint):
    reported(code="5.1.1", reason="no_mailbox", address_digest=DIGEST, is_permanent=True)
    with refused(constraint):
        reported(**columns)


def test_report_is_written_once_and_stays():
    row = reported(digest=DIGEST)
    with refused("unq_return_digest"):
        reported(digest=DIGEST)
    with refused("email_returns_pkey"):
        reported(id=row)
    run("UPDATE email_returns SET applied_at = evently_clock() WHERE id = %s", row)
    for change in ("outcome = 'complained'", "applied_at = NULL", "is_proven = true"):
        with refused("trg_return_kept"):
            run(f"UPDATE email_returns SET {change} WHERE id = %s", row)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"reason": "dislike"}, "chk_suppression_reason"),
        ({"address": "ana@example.org"}, "chk_suppression_sealed"),
        ({"address_digest": "ana@example.org"}, "chk_suppression_digest"),
        ({"release": "admin"}, "chk_suppression_release"),
        ({"user_id": uuid4()}, "fk_suppressions_user"),
        ({"released_by_id": uuid4()}, "chk_suppression_release"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_suppressed_addresses_are_sealed(columns, constraint):
    with refused(constraint):
        suppressed(**columns)


def test_address_is_suppressed_once_for_each_reason():
    row = suppressed()
    suppressed(reason="hard_bounce")
    with refused("suppressions_pkey"):
        suppressed(id=row, reason="soft_bounces")
    with refused("unq_suppression_open"):
        suppressed()
    release(row, how="admin")
    suppressed()


def test_suppression_changes_by_its_release_only():
    row = suppressed()
    with refused("trg_suppression_kept"):
        run("UPDATE suppressions SET reason = 'hard_bounce' WHERE id = %s", row)
    release(row, how="admin")
    for change in ("released_at = NULL, release = ''", "release = 'person'"):
        with refused("trg_suppression_kept"):
            run(f"UPDATE suppressions SET {change} WHERE id = %s", row)
    with refused("fk_suppressions_released_by"):
        run(
            "INSERT INTO suppressions (user_id, address, address_digest, reason, created_at,"
            " released_at, release, released_by_id) SELECT user_id, address, address_digest,"
            " reason, created_at, released_at, release, %s FROM suppressions",
            uuid4(),
        )


def test_person_releases_an_address_once_a_day_and_three_times_a_month(clock):
    user_id = person()

    def again():
        suppressed(user_id=user_id)
        suppressed(user_id=user_id, reason="hard_bounce")
        # Both at once.
        run(
            "UPDATE suppressions SET release = 'person', released_at = evently_clock()"
            " WHERE released_at IS NULL"
        )

    again()
    clock.move(timedelta(hours=23))
    with refused("trg_suppression_released"):
        again()
    for days in (2, 4):
        clock.move(timedelta(days=days))
        again()
    clock.move(timedelta(days=6))
    with refused("trg_suppression_released"):
        again()
    # An administrator may at any time, and so may the person after a while.
    release(suppressed(user_id=user_id), how="admin")
    clock.move(timedelta(days=40))
    again()
