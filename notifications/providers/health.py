"""How each provider does, as all mailers have seen it: kept in the broker, and read by pages.

Each process notes what happens, and tells the broker every few seconds; lanes never wait for that.
A broker that is down costs what is shown, and no email.
"""

import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import redis
import structlog

from evently.redis_client import redis_client
from notifications.providers.rate import PREFIX
from notifications.providers.registry import providers

TIMEOUT_SECONDS = 0.5
REPORT_SECONDS = 5.0
# A process that has not said so for longer does not keep a provider down.
DOWN_SECONDS = 30.0
MINUTES = 60
KEPT_SECONDS = 7 * 24 * 3600

log = structlog.get_logger(__name__)


class Seen:
    """What this process has seen of a provider, until the broker was told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent = 0
        self._succeeded_at = self._connected_at = self._failed_at = 0.0
        self._failure = ""

    def sent(self) -> None:
        with self._lock:
            self._sent += 1
            self._succeeded_at = time.time()

    def connected(self) -> None:
        """Note that it took a connection without an email, to try it."""
        with self._lock:
            self._connected_at = time.time()

    def failed(self, error: str) -> None:
        """error: without personal data, as `errors.describe` has it."""
        with self._lock:
            self._failed_at, self._failure = time.time(), error

    def taken(self) -> tuple[int, dict[str, str | float]]:
        """Return how many emails were sent since the last call, and what else is to be told."""
        with self._lock:
            facts: dict[str, str | float] = {}
            if self._succeeded_at:
                facts["succeeded_at"] = self._succeeded_at
            if self._connected_at:
                facts["connected_at"] = self._connected_at
            if self._failed_at:
                facts |= {"failed_at": self._failed_at, "failure": self._failure}
            sent, self._sent = self._sent, 0
            self._succeeded_at = self._connected_at = self._failed_at = 0.0
            return sent, facts

    def put_back(self, sent: int, facts: dict[str, str | float]) -> None:
        """Keep what the broker did not take, unless there is newer."""
        with self._lock:
            self._sent += sent
            self._succeeded_at = self._succeeded_at or float(facts.get("succeeded_at", 0))
            self._connected_at = self._connected_at or float(facts.get("connected_at", 0))
            if not self._failed_at and "failed_at" in facts:
                self._failed_at = float(facts["failed_at"])
                self._failure = str(facts["failure"])


class Reporter:
    """Tells the broker what this process has seen of its providers. is_down: of each, by name."""

    def __init__(self) -> None:
        self._process = f"{socket.gethostname()}:{os.getpid()}"
        self._reported_at = 0.0
        self._down: set[str] = set()

    def report(self, seen: dict[str, Seen], *, down: set[str], at_once: bool = False) -> None:
        """Tell what is new, every few seconds at most; down: the names of providers not in use."""
        is_due = time.monotonic() - self._reported_at >= REPORT_SECONDS
        if not (is_due or at_once or down != self._down):
            return
        self._reported_at = time.monotonic()
        taken = {name: each.taken() for name, each in seen.items()}
        told = {name for name, (sent, facts) in taken.items() if sent or facts}
        if not told | down | self._down:
            return
        try:
            self._tell({name: taken[name] for name in told | down | self._down}, down)
        except (redis.RedisError, OSError) as error:
            log.info("email_health_not_stored", error=type(error).__name__)
            for name, (sent, facts) in taken.items():
                seen[name].put_back(sent, facts)

    def _tell(self, taken: dict[str, tuple[int, dict[str, str | float]]], down: set[str]) -> None:
        minute = int(time.time() // 60)
        with redis_client(timeout_seconds=TIMEOUT_SECONDS) as client:
            pipeline = client.pipeline(transaction=False)
            for name, (sent, facts) in taken.items():
                if facts:
                    pipeline.hset(_facts(name), mapping={k: str(v) for k, v in facts.items()})
                    pipeline.expire(_facts(name), KEPT_SECONDS)
                if sent:
                    pipeline.incrby(_sent(name, minute), sent)
                    pipeline.expire(_sent(name, minute), MINUTES * 60 + 120)
                if name in down:
                    pipeline.zadd(_down(name), {self._process: time.time()})
                    pipeline.expire(_down(name), int(DOWN_SECONDS) * 2)
                elif name in self._down:
                    pipeline.zrem(_down(name), self._process)
            pipeline.execute()
        self._down = set(down)


@dataclass(frozen=True)
class Health:
    """How a provider does. succeeded_at, failed_at: seconds since 1970, 0 for never.

    failure: the description of the last one. sent: in the last hour. is_down: whether a mailer does
    not use it at the moment. connected_at: when it took a connection without an email, as above.
    """

    name: str
    succeeded_at: float = 0.0
    connected_at: float = 0.0
    failed_at: float = 0.0
    failure: str = ""
    sent: int = 0
    is_down: bool = False

    @property
    def is_on_trial(self) -> bool:
        """Whether it takes connections again, and no email has shown yet that it works."""
        return self.is_down and self.connected_at > self.failed_at


def read(names: Sequence[str]) -> dict[str, Health]:
    """Return the health of providers. Raises RedisError."""
    now = time.time()
    minutes = range(int(now // 60) - MINUTES + 1, int(now // 60) + 1)
    with redis_client(timeout_seconds=TIMEOUT_SECONDS) as client:
        pipeline = client.pipeline(transaction=False)
        for name in names:
            pipeline.hgetall(_facts(name))
            pipeline.mget([_sent(name, minute) for minute in minutes])
            pipeline.zcount(_down(name), now - DOWN_SECONDS, "+inf")
        answers = pipeline.execute()
    found = {}
    for name, facts, sent, down in zip(
        names, answers[::3], answers[1::3], answers[2::3], strict=True
    ):
        known = {key.decode(): value.decode() for key, value in facts.items()}
        found[name] = Health(
            name=name,
            succeeded_at=float(known.get("succeeded_at", 0)),
            connected_at=float(known.get("connected_at", 0)),
            failed_at=float(known.get("failed_at", 0)),
            failure=known.get("failure", ""),
            sent=sum(int(count or 0) for count in sent),
            is_down=bool(down),
        )
    return found


def down_among(names: Sequence[str]) -> set[str]:
    """Return the providers that a mailer does not use at the moment. Raises RedisError."""
    since = time.time() - DOWN_SECONDS
    with redis_client(timeout_seconds=TIMEOUT_SECONDS) as client:
        pipeline = client.pipeline(transaction=False)
        for name in names:
            pipeline.zcount(_down(name), since, "+inf")
        return {name for name, down in zip(names, pipeline.execute(), strict=True) if down}


def status() -> str:
    """Return "ok", "degraded" where some providers of the settings are down, or "down".

    Raises RedisError.
    """
    names = [provider.name for provider in providers()]
    down = down_among(names)
    return "ok" if not down else "degraded" if len(down) < len(names) else "down"


def _facts(name: str) -> str:
    return f"{PREFIX}:health:{name}"


def _sent(name: str, minute: int) -> str:
    return f"{PREFIX}:sent:{name}:{minute}"


def _down(name: str) -> str:
    return f"{PREFIX}:down:{name}"
