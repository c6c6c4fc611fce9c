"""Rate limits per token, told in headers: one counter per token and minute."""

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from evently.counters import counters
from evently.origin import origin_of
from evently.throttle import client_of

if TYPE_CHECKING:
    # Settings name this module, and views read settings when they are loaded.
    from rest_framework.views import APIView

WINDOW_SECONDS = 60
# Stricter limits that a view asks for by name (`rate_name`), per address, a minute.
NAMED_RATES = {"auth": 20}


@dataclass(frozen=True)
class RateState:
    """Where a caller stands in the current minute."""

    name: str
    limit: int
    used: int
    reset_seconds: int

    @property
    def is_exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """Return the RateLimit headers (draft-ietf-httpapi-ratelimit-headers)."""
        left = max(0, self.limit - self.used)
        return {
            "RateLimit": f'"{self.name}";r={left};t={self.reset_seconds}',
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={WINDOW_SECONDS}',
        }


class TokenRateThrottle(BaseThrottle):
    """Limits each token (each address, for those without one) to so many requests a minute."""

    state: RateState

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request, and tell whether it may pass."""
        name: str = getattr(view, "rate_name", "default")
        limit = NAMED_RATES.get(name, settings.API_RATE_PER_MINUTE)
        caller = address_of(request) if name in NAMED_RATES else caller_of(request)
        now = time.time()
        window = int(now // WINDOW_SECONDS)
        self.state = RateState(
            name=name,
            limit=limit,
            used=counters.add(f"rate:{name}:{caller}:{window}", seconds=2 * WINDOW_SECONDS),
            reset_seconds=max(1, int((window + 1) * WINDOW_SECONDS - now)),
        )
        request._request.rate_state = self.state  # type: ignore[attr-defined]
        return not self.state.is_exceeded

    def wait(self) -> float:
        """Return after how many seconds to come back."""
        return float(self.state.reset_seconds)


def caller_of(request: Request) -> str:
    """Return what tells callers apart: their token, or where they come from."""
    return f"token:{request.auth.pk}" if request.auth is not None else address_of(request)


def address_of(request: Request) -> str:
    """Return where a request comes from, as a digest, for addresses are personal."""
    address = client_of(origin_of(request._request).ip_address) or "unknown"
    return "address:" + hashlib.sha256(address.encode()).hexdigest()[:24]
