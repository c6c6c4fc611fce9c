"""Find out whether a provider takes connections, at nobody's expense: by one without an email.

Of all mailers together, one asks at a time; the broker keeps who does, and what came of it. While
that is away, each asks for itself.
"""

import os
import smtplib
import socket
from typing import Any

import redis
import requests
import structlog
from django.core.exceptions import ImproperlyConfigured

from evently.email_providers import Provider
from evently.redis_client import redis_client
from notifications.providers.errors import unreachable
from notifications.providers.rate import PREFIX
from notifications.providers.registry import backend_of

TIMEOUT_SECONDS = 0.5
# Longer than a connection and an email take that are waited for: then another mailer asks.
CLAIMED_SECONDS = 60.0
# A mailer that has not looked for so long finds out for itself.
KEPT_SECONDS = 300
FINE = 250
# HTTP: it is reached, and does not work.
BROKEN = (500, 502, 503, 504)

log = structlog.get_logger(__name__)


def connect(provider: Provider) -> None:
    """Open a connection to a provider, as if to send an email, and close it. Raises NotSent.

    With a mail server, that includes encryption and login; with a service, its API is asked for
    nothing, without a key, and any answer is fine but that it does not work.
    """
    try:
        backend: Any = backend_of(provider)
        try:
            backend.open()
            _ask(backend)
        finally:
            backend.close()
    except (smtplib.SMTPException, OSError, ImproperlyConfigured, ImportError) as error:
        raise unreachable(error) from error


def _ask(backend: Any) -> None:
    if isinstance(connection := getattr(backend, "connection", None), smtplib.SMTP):
        connection.ehlo_or_helo_if_needed()
        code, said = connection.noop()
        if code != FINE:
            raise smtplib.SMTPResponseException(code, said)
    elif isinstance(session := getattr(backend, "session", None), requests.Session):
        answer = session.head(backend.api_url, timeout=backend.timeout)
        if answer.status_code in BROKEN:
            answer.raise_for_status()


class Claim:
    """The right to ask a provider, which one of all mailers has."""

    def __init__(self, name: str, *, process: str = "") -> None:
        """name: of the provider. process: the name of this one, if not the usual."""
        self._process = process or f"{socket.gethostname()}:{os.getpid()}"
        self._claimed, self._answered = (f"{PREFIX}:{what}:{name}" for what in ("asks", "answered"))

    def take(self) -> bool:
        """Return whether this process is to ask."""

        def ask(client: redis.Redis) -> bool:
            limits: Any = {"px": int(CLAIMED_SECONDS * 1000)}
            if client.set(self._claimed, self._process, nx=True, **limits):
                return True
            return client.get(self._claimed) == self._process.encode()

        return bool(self._ask(ask, without_broker=True))

    def answered_within(self, seconds: float) -> bool:
        """Return whether another mailer found that it answers, no longer ago."""

        def ask(client: redis.Redis) -> bool:
            pipeline = client.pipeline(transaction=False)
            # By the broker's clock: those of machines may differ.
            pipeline.time()
            pipeline.get(self._answered)
            (at, microseconds), found = pipeline.execute()
            return found is not None and at + microseconds / 1e6 - float(found) < seconds

        return bool(self._ask(ask, without_broker=False))

    def tell_answered(self) -> None:
        """Let the other mailers use it again."""

        def tell(client: redis.Redis) -> None:
            at, microseconds = client.time()
            pipeline = client.pipeline(transaction=False)
            pipeline.set(self._answered, at + microseconds / 1e6, ex=KEPT_SECONDS)
            pipeline.delete(self._claimed)
            pipeline.execute()

        self._ask(tell, without_broker=None)

    def keep(self, seconds: float) -> None:
        """Let no mailer ask for so long: it was asked just now, and does not answer."""
        until = int(max(seconds, 0.1) * 1000)
        self._ask(
            lambda client: client.set(self._claimed, self._process, px=until), without_broker=None
        )

    def _ask(self, ask: Any, *, without_broker: bool | None) -> Any:
        try:
            with redis_client(timeout_seconds=TIMEOUT_SECONDS) as client:
                return ask(client)
        except (redis.RedisError, OSError) as error:
            log.info("provider_claim_not_shared", error=type(error).__name__)
            return without_broker
