"""Requests for emails, by plain SQL."""

import pytest

from evently.tests.rows import insert
from evently.tests.sql import refused

pytestmark = pytest.mark.django_db

DIGESTS = ["a" * 64]


def request(**columns):
    return insert("email_requests", **({"kind": "login_link", "email_digests": DIGESTS} | columns))


@pytest.mark.parametrize("kind", ["password_reset", "login_link", "verification", "registration"])
def test_email_request_accepts(kind):
    assert request(kind=kind)


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_email_request_kind", {"kind": "gossip"}),
        ("chk_email_request_digest", {"email_digests": []}),
    ],
)
def test_email_request_refuses(constraint, columns):
    with refused(constraint):
        request(**columns)


def test_email_requests_pkey():
    first = request()

    with refused("email_requests_pkey"):
        request(id=first)
