"""Functions that bookings of guests call, by plain SQL: who is found, and whose access refuses."""

from datetime import UTC, datetime, timedelta

import pytest

from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import ApiToken, User
from evently.database.ids import uuid7
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

DIGEST, OLD_DIGEST = "a" * 64, "b" * 64
SEALED = "sealed:v1:" + "x" * 40
GUEST = """
    SELECT evently_guest(array['visitor', 'page', '', '', '', '', '', ''], %s, %s, %s, %s, '!', %s,
        'first')
"""


def guest(*digests):
    return value(GUEST, uuid7(), list(digests), SEALED, SEALED, b"k" * 60)


def test_guest_is_created_once_with_a_key():
    first = guest(DIGEST)

    assert guest(DIGEST) == first
    assert value("SELECT count(*) FROM users") == 1
    assert value("SELECT user_id FROM keys.person_keys") == first


def test_guest_is_found_by_a_digest_of_an_older_key():
    first = guest(OLD_DIGEST)

    assert guest(DIGEST, OLD_DIGEST) == first
    assert value("SELECT email_digest FROM users") == OLD_DIGEST


@pytest.mark.parametrize("is_verified", [False, True])
@pytest.mark.parametrize("has", ["nothing", "password", "token", "revoked", "expired"])
def test_access_of_an_unverified_account_refuses(has, is_verified):
    proved = datetime.now(UTC) if is_verified else None
    user = UserFactory(email_verified_at=proved, password=PASSWORD if has == "password" else None)
    if has in ("token", "revoked", "expired"):
        issued_token(user, "read")
    if has == "revoked":
        ApiToken.objects.update(revoked_at=datetime.now(UTC))
    if has == "expired":
        start = datetime.now(UTC) - timedelta(days=2)
        ApiToken.objects.update(created_at=start, expires_at=start + timedelta(days=1))

    if has in ("password", "token") and not is_verified:
        with refused("unverified_access"):
            run("SELECT evently_access_ended(%s)", user.pk)
    else:
        run("SELECT evently_access_ended(%s)", user.pk)


def test_access_of_a_deleted_user_refuses():
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(deleted_at=datetime.now(UTC), email_digest=None)

    with refused("unverified_access"):
        run("SELECT evently_access_ended(%s)", user.pk)
