"""A client of the API for tests, and an assertion about its errors."""

import secrets
from ipaddress import IPv6Address
from typing import Any

from rest_framework.test import APIClient

from evently.accounts.factories import issued_token
from evently.accounts.models import ApiToken, User

DOCUMENTATION_NETWORK = 0x20010DB8 << 96


def api(user: User | None = None, *scopes: str) -> APIClient:
    """Return a client with a token of the user, by default with all their scopes, or without one.

    Each has an IP address of its own, so that requests of other tests do not count.
    """
    address = str(IPv6Address(DOCUMENTATION_NETWORK | secrets.randbits(64) << 32))
    client = APIClient(REMOTE_ADDR=address)
    if user is not None:
        default = ("read", "book", "organize") if user.is_organizer else ("read", "book")
        issued = issued_token(user, *(scopes or default))
        # The first use of a token in a day is an extra query, which would change query counts.
        ApiToken.objects.filter(pk=issued.token.pk).update(last_used_on=issued.token.created_at)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Assert that a response is a complete problem with this status and code; return it."""
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
