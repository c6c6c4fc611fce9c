"""ETags: a strong one for each body, so that it changes with whatever the body shows.

It starts with the version of the row, where there is one: a change names that version in If-Match,
and is not refused because seats were sold since.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.problems import PreconditionRequired
from evently.errors import EditedMeanwhile
from evently.idempotency.keys import digest_of

DIGEST_LENGTH = 16
# Proxies that compress a response make its ETag weak.
VERSIONED = re.compile(rf'(?:W/)?"(\d{{1,9}})(?:-[0-9a-f]{{{DIGEST_LENGTH}}})?"')
NO_VERSION = -1
# Of a response that is answered with 304.
KEPT_HEADERS = ("ETag", "Cache-Control", "Vary", "RateLimit", "RateLimit-Policy")


def etag_of(body: Mapping[str, Any] | bytes) -> str:
    """Return the ETag of a response's body: `"3-5f0c…"` for version 3 of a row."""
    digest = digest_of(body)[:DIGEST_LENGTH]
    version = body.get("version") if isinstance(body, Mapping) else None
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def etag_headers(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the ETag header of a body, also for a request that is repeated with its key."""
    return {"ETag": etag_of(body)}


def with_etag(request: Request, response: Any) -> Any:
    """Add the ETag to a successful response, or answer 304 where the client has the same body.

    Bodies of reads have one, and those of writes that show a version.
    """
    if not isinstance(response, Response) or response.status_code not in (200, 201, 202):
        return response
    body: Any = response.data
    is_read = request.method in SAFE_METHODS
    if not isinstance(body, Mapping | bytes) or not (is_read or "version" in body):
        return response
    if "ETag" not in response.headers:
        response.headers["ETag"] = etag_of(body)
    if not is_read or not has_same(request, response.headers["ETag"]):
        return response
    unchanged = not_modified()
    for name in KEPT_HEADERS:
        if name in response.headers:
            unchanged.headers[name] = response.headers[name]
    return unchanged


def not_modified() -> HttpResponse:
    """Return a response without a body, for a client that has the current one."""
    response = HttpResponse(status=304)
    del response.headers["Content-Type"]
    return response


def has_same(request: Request, etag: str) -> bool:
    """Return whether If-None-Match names an ETag, compared as weak ones (RFC 9110, 13.1.2)."""
    header = request.headers.get("If-None-Match", "").strip()
    given = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return header == "*" or etag in given


def version_from(request: Request, *, current: int) -> int | None:
    """Return the version that a change was made on, from If-Match; None for `If-Match: *`.

    current: the version that was just read.
    Raises PreconditionRequired, EditedMeanwhile.
    """
    if not request.headers.get("If-Match", "").strip():
        raise PreconditionRequired
    given = version_if_sent(request)
    if given is not None and given != current:
        raise EditedMeanwhile(version=current)
    return given


def version_if_sent(request: Request) -> int | None:
    """Return the version in If-Match, where a request may leave that out; None for any.

    NO_VERSION for an ETag that no version has. The operation compares it, so that a request that
    is repeated with its key is answered as before, though the version is another one by then.
    """
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    given = VERSIONED.fullmatch(header)
    return NO_VERSION if given is None else int(given[1])
