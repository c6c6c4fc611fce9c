"""The `Idempotency-Key` header: a repeated request gets its first success again."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request

from evently.api.problems import REPLAYED_HEADER
from evently.api.views import user_of
from evently.idempotency.keys import HEADER, Idempotency, Replayed, digest_of, no_headers


def request_idempotency(
    request: Request,
    render: Callable[[Any], tuple[int, Any]],
    *,
    headers: Callable[[Any], dict[str, str]] = no_headers,
) -> Idempotency | None:
    """Return the request's idempotency key for an operation, or None where it has none.

    render: turns the operation's result into (status, JSON-able answer); None for no content.
    headers: turns that answer into its headers, such as Location.
    Raises IdempotencyKeyInvalid.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    body = request.data if isinstance(request.data, dict) else {"": request.data}
    return Idempotency(
        user_id=user_of(request).pk,
        key=key,
        method=request.method or "",
        path=request.path,
        body_digest=digest_of(body),
        render=render,
        headers=headers,
    )


def not_stored(result: Any) -> tuple[int, None]:
    """Store no answer, as it contains a name or email address; `once` lets it be read again."""
    return 200, None


def once(work: Callable[[], Any]) -> dict[str, str]:
    """Run an operation whose answer is `not_stored`; return the headers of the response.

    Where the request is repeated, nothing is done, and the header says that it is a replay.
    """
    try:
        work()
    except Replayed:
        return {REPLAYED_HEADER: "true"}
    return {}
