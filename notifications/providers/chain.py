"""The providers of a process, in their order, and which of them gets the next email."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf
from typing import Self

from evently import metrics
from evently.email_providers import Provider
from notifications.kinds import Urgency
from notifications.providers import registry
from notifications.providers.breaker import Breaker
from notifications.providers.errors import NotSent, Stage
from notifications.providers.health import Reporter, Seen
from notifications.providers.rate import Limiter

# Bulk mail waits so long for the limit of a provider before it goes to the next one.
BULK_WAITS_SECONDS = 5.0
# So many emails in a row that a provider did not take, for now: it takes none at the moment.
MOST_DEFERRED = 5
# While another provider answers, an email finds out whether one still hangs only if no other has
# done so for as long: that is for bulk mail, which nobody waits for. For processes that deliver a
# few emails only; in a mailer, no email of a lane finds out (`is_watched`).
TRIES_AFTER_SECONDS = {Urgency.URGENT: 600.0, Urgency.SOON: 30.0, Urgency.BULK: 0.0}
# Where nothing says when a provider may be tried again: another lane tries it.
LOOK_SECONDS = 0.25


class Link:
    """A provider in the chain, with what this process knows of it."""

    def __init__(self, provider: Provider, chain: "Chain") -> None:
        self.provider = provider
        self.name = provider.name
        self.breaker = Breaker(self.name, when_changed=chain.changed)
        self.limiter = Limiter(provider)
        self.seen = Seen()
        self._chain = chain
        self._deferred = 0

    def sent(self) -> None:
        """Note that the provider took an email."""
        self._deferred = 0
        self.seen.sent()
        self.breaker.answered()

    def failed(self, failure: NotSent) -> None:
        """Note that it did not, and leave it alone where the next email would meet the same."""
        if failure.for_good and not failure.goes_on:
            # It answered, and only this email is at fault.
            self._deferred = 0
            self.breaker.answered()
            return
        self.seen.failed(str(failure))
        # Full mailboxes say nothing about the provider.
        self._deferred += not failure.of_recipient
        # One provider alone is asked for each email: what it defers may differ by recipient.
        defers_all = self._deferred >= MOST_DEFERRED and len(self._chain.links) > 1
        if failure.server_down or defers_all:
            self.breaker.failed(
                str(failure), wanted_pause=failure.wanted_pause, stage=failure.stage
            )
        else:
            self.breaker.answered()


@dataclass(frozen=True)
class Permit:
    """That one email may go to a provider. is_trial: to find out whether it answers again."""

    link: Link
    urgency: Urgency
    is_trial: bool = False

    def give_back(self) -> None:
        """Let another email have it."""
        self.link.limiter.give_back(self.urgency)
        if self.is_trial:
            self.link.breaker.not_tried()


class Chain:
    """The providers of the settings, shared by the lanes of a process.

    is_watched: threads of this process find out when a provider answers again
    (`operations.trials`), so the emails of lanes go to the others meanwhile. are_up: whether all
    answer, as far as is known.
    """

    is_watched = False

    def __init__(self, providers: Collection[Provider]) -> None:
        """providers: at least one, in the order in which they are tried."""
        self.links = [Link(provider, self) for provider in providers]
        self._lock = threading.Lock()
        self._reporter = Reporter()
        self.changed()

    @classmethod
    def of_settings(cls) -> Self:
        return cls(registry.providers())

    @property
    def is_up(self) -> bool:
        """Whether any provider answers, as far as is known."""
        return any(link.breaker.is_up for link in self.links)

    @property
    def first_name(self) -> str:
        return self.links[0].name

    def changed(self) -> None:
        """Note that a provider went down or up; show whether emails wait, as none answers."""
        self.are_up = all(link.breaker.is_up for link in self.links)
        metrics.mail_server_down.set(0 if self.is_up else 1)

    def choose(self, urgency: Urgency, *, without: Collection[Link] = ()) -> Permit | None:
        """Return a permit for an email, from the first provider that may get it; None from none.

        without: those that were tried. The permit is used, or given back.
        """
        links = [link for link in self.links if link not in without]
        if not self.are_up:
            links = self._in_order(links, urgency)
        # How long the email would wait for a provider that answers.
        shortest = 0.0 if any(link.breaker.is_up for link in without) else inf
        for link in links:
            if self.is_watched and not link.breaker.is_up and shortest <= BULK_WAITS_SECONDS:
                return None
            allowed = link.breaker.enter()
            if allowed == 0:
                continue
            permit = Permit(link, urgency, is_trial=allowed is not None)
            wait = link.limiter.take(urgency)
            if wait <= 0:
                return permit
            if permit.is_trial:
                link.breaker.not_tried()
            elif _is_waited_for(urgency, wait):
                return None
            else:
                shortest = min(shortest, wait)
        return None

    def _in_order(self, links: Sequence[Link], urgency: Urgency) -> list[Link]:
        """Return which links an email is offered to while some of them do not answer."""
        seconds = TRIES_AFTER_SECONDS[urgency]
        if self.is_watched:
            return sorted(
                filter(self._may_be_tried, links), key=lambda each: not each.breaker.is_up
            )
        return sorted(
            links, key=lambda each: not (each.breaker.is_up or each.breaker.is_overdue(seconds))
        )

    def _may_be_tried(self, link: Link) -> bool:
        """Tell whether an email may find out that a provider is up, if no other answers."""
        breaker = link.breaker
        is_left_to_watcher = self.is_watched and breaker.stage is Stage.CONNECTING
        return breaker.is_up or not is_left_to_watcher

    def least_urgent(self, among: Urgency) -> Urgency | None:
        """Return the least urgent emails that may be sent now, no less urgent than `among`.

        As far as is known without asking the broker; None where none may be sent.
        """
        for urgency in sorted(Urgency, reverse=True):
            if urgency <= among and self.wait_seconds(urgency) <= 0:
                return urgency
        return None

    def wait_seconds(self, urgency: Urgency) -> float:
        """Return how long to wait before `choose` may return a permit; 0 for not at all."""
        waits: list[float] = []
        for link in self._in_order(self.links, urgency) if self.is_watched else self.links:
            is_up = link.breaker.is_up
            if self.is_watched and not is_up and min(waits, default=inf) <= BULK_WAITS_SECONDS:
                break
            if not link.breaker.may_enter:
                waits.append(link.breaker.pause_seconds or LOOK_SECONDS)
                continue
            wait = link.limiter.blocked_seconds(urgency)
            if wait <= 0:
                return 0.0
            if _is_waited_for(urgency, wait):
                return wait
            waits.append(wait)
        return min(waits, default=LOOK_SECONDS)

    def report(self, *, at_once: bool = False) -> None:
        """Tell the broker how the providers do; not for a lane, which it might keep waiting."""
        with self._lock:
            self._reporter.report(
                {link.name: link.seen for link in self.links},
                down={link.name for link in self.links if not link.breaker.is_up},
                at_once=at_once,
            )


def _is_waited_for(urgency: Urgency, wait: float) -> bool:
    """Tell whether an email waits for the limit of a provider, and does not go to the next one."""
    return urgency is Urgency.BULK and wait <= BULK_WAITS_SECONDS
