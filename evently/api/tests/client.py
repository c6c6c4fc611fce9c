"""A client of the API for tests, and what it expects of a refusal."""

import secrets
from ipaddress import IPv6Address
from typing import Any

from rest_framework.test import APIClient

from evently.accounts.factories import issued_token
from evently.accounts.models import ApiToken, User

DOCUMENTATION_NETWORK = 0x20010DB8 << 96


def api(user: User | None = None, *scopes: str) -> APIClient:
    """Return a client with a token of the user's (all they may do), or without one.

    Each comes from an address of its own, so that rate limits of other tests do not count.
    """
    address = str(IPv6Address(DOCUMENTATION_NETWORK | secrets.randbits(64) << 32))
    client = APIClient(REMOTE_ADDR=address)
    if user is not None:
        default = ("read", "book", "organize") if user.is_organizer else ("read", "book")
        issued = issued_token(user, *(scopes or default))
        # Tokens note once a day that they were used; not in what a test counts.
        ApiToken.objects.filter(pk=issued.token.pk).update(last_used_on=issued.token.created_at)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is a whole problem with this status and code; return it."""
    body = response.content.decode()
    assert (response.status_code, response.headers["Content-Type"]) == (
        status,
        "application/problem+json",
    ), body
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in body
    return problem
