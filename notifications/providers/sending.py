"""Hand emails over: to the first provider that may get them, then to the next where that fails."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog
from django.core.mail import EmailMessage

from notifications.kinds import Urgency
from notifications.providers.answers import Answer, answer_of
from notifications.providers.chain import Chain, Link, Permit
from notifications.providers.connection import ProviderConnection
from notifications.providers.errors import NotSent

log = structlog.get_logger(__name__)


class NoPermit(Exception):
    """No provider may get an email now: all are down, or have reached their limits."""


@dataclass(frozen=True)
class Try:
    """One provider that was tried. failure: None where it took the email. at: by time.monotonic.

    is_refused, is_down: for good, or with any email, by this provider. Of its email, the last
    failure says in the end what all providers came to.
    """

    provider: str
    answer: Answer
    failure: NotSent | None = None
    is_refused: bool = False
    is_down: bool = False
    at: float = field(default_factory=time.monotonic)

    @classmethod
    def failed(cls, provider: str, failure: NotSent) -> Self:
        return cls(
            provider,
            answer_of(failure.__cause__),
            failure,
            is_refused=failure.for_good,
            is_down=failure.server_down,
        )


@dataclass(frozen=True)
class Sent:
    """Which provider took an email, and the id by which it knows that; "" where it has none.

    tries: of all providers, in their order; the last one took it.
    """

    provider: str
    provider_message_id: str
    tries: Sequence[Try] = ()


def _always(provider: str) -> bool:
    return True


class EmailConnection:
    """The connections of one lane: one to each provider, opened when it is first needed.

    chain: shared with other lanes; None for one of its own, which is told about at the end.
    permit: for the first email.
    """

    def __init__(self, chain: Chain | None = None, *, permit: Permit | None = None) -> None:
        self.chain = chain or Chain.of_settings()
        self._is_own = chain is None
        self._connections = {
            link.name: ProviderConnection(link.provider) for link in self.chain.links
        }
        self._permit = permit

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the next email opens another."""
        self.give_back()
        for connection in self._connections.values():
            connection.close()
        if self._is_own:
            self.chain.report(at_once=True)

    def rest(self) -> None:
        """Close connections that were not used for a while."""
        for connection in self._connections.values():
            connection.rest()

    # ── Permits ─────────────────────────────────────────────────────────────
    def ask(self, urgency: Urgency) -> str:
        """Return the name of the provider that the next email goes to; "" if none may get it.

        The permit is kept until the email is sent, or it is given back.
        """
        if self._permit is not None and self._permit.urgency is not urgency:
            self.give_back()
        if self._permit is None:
            self._permit = self.chain.choose(urgency)
        return self._permit.link.name if self._permit is not None else ""

    def give_back(self) -> None:
        """Give back a permit that was not used."""
        if self._permit is not None:
            self._permit.give_back()
            self._permit = None

    # ── Sending ─────────────────────────────────────────────────────────────
    def send(
        self,
        email: EmailMessage,
        *,
        urgency: Urgency = Urgency.SOON,
        pass_on: Callable[[str], bool] = _always,
    ) -> Sent:
        """Send an email, with the permit that was asked for.

        pass_on: called before another provider is tried, with its name; returns whether it may be.
        Raises NotSent, with its `tries`; NoPermit.
        """
        permit, self._permit = self._permit or self.chain.choose(urgency), None
        tried: list[Link] = []
        tries: list[Try] = []
        while permit is not None:
            link = permit.link
            tried.append(link)
            try:
                connection = self._connections[link.name]
                found = connection.send(email)
            except NotSent as failure:
                link.failed(failure)
                tries.append(Try.failed(link.name, failure))
                permit = self._next(failure, urgency, tried, pass_on)
                if permit is None:
                    if failure.goes_on and len(tried) < len(self._connections):
                        # One that is down, or at its limit, may take it later.
                        failure.for_good = False
                    failure.server_down = not self.chain.is_up
                    failure.tries = tries
                    raise
            except BaseException:
                # A defect: it says nothing about the provider.
                permit.give_back()
                raise
            else:
                link.sent()
                tries.append(Try(link.name, connection.answer))
                return Sent(link.name, found, tries)
        raise NoPermit

    def _next(
        self,
        failure: NotSent,
        urgency: Urgency,
        tried: list[Link],
        pass_on: Callable[[str], bool],
    ) -> Permit | None:
        """Return the permit for the provider that is tried next; None for none."""
        permit = self.chain.choose(urgency, without=tried) if failure.goes_on else None
        if permit is None:
            return None
        if not pass_on(permit.link.name):
            permit.give_back()
            return None
        log.info(
            "email_passed_on",
            provider=permit.link.name,
            instead_of=tried[-1].name,
            error=str(failure),
        )
        return permit
