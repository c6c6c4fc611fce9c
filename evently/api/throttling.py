"""Rate limits of the API, per token and minute, announced in headers."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from evently.origin import origin_of
from evently.throttle import Counted, Limit, client_of, count_attempt

if TYPE_CHECKING:
    # The settings name this module, and views read the settings when they are imported.
    from rest_framework.views import APIView

WINDOW = timedelta(minutes=1)
# Stricter limits, per client and minute, that a view selects with `rate_name`.
NAMED_RATES = {"auth": 20}


class TokenRateThrottle(BaseThrottle):
    """Limits each token (or each client without one) to so many requests a minute."""

    counted: Counted

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request, and return whether it is within the limit."""
        name: str = getattr(view, "rate_name", "default")
        limit = Limit(name, NAMED_RATES.get(name, settings.API_RATE_PER_MINUTE), WINDOW)
        caller = _client(request) if name in NAMED_RATES else _caller(request)
        self.counted = count_attempt(limit, caller)
        request._request.rate_counted = self.counted  # type: ignore[attr-defined]
        return not self.counted.is_exceeded

    def wait(self) -> float:
        return float(self.counted.retry_after_seconds)


def rate_headers(counted: Counted) -> dict[str, str]:
    """Return the RateLimit headers (draft-ietf-httpapi-ratelimit-headers)."""
    limit = counted.limit
    left = max(0, limit.most - counted.used)
    return {
        "RateLimit": f'"{limit.name}";r={left};t={counted.retry_after_seconds}',
        "RateLimit-Policy": f'"{limit.name}";q={limit.most};w={limit.seconds}',
    }


def _caller(request: Request) -> str:
    return f"token:{request.auth.pk}" if request.auth is not None else _client(request)


def _client(request: Request) -> str:
    return f"client:{client_of(origin_of(request._request).ip_address) or 'unknown'}"
