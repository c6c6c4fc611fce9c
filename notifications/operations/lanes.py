"""The process that delivers: lanes, each a thread with its own connections.

Each lane takes due notifications and sends their emails, again and again. One takes urgent ones
only, so that no bulk mail occupies it; one takes any; the others help while there is a backlog, or
while that one waits for a slow mail server. What a provider does that has failed is found out by
threads of its own (`trials`).
Rows are looked for every quarter of a second, less often while there are none: batches stay large
enough to be cheap, and a NOTIFY in each transaction would make all commits wait in turn.
"""

import os
import sys
import threading
import time
from collections.abc import Sequence

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from evently.audit.context import acting
from evently.privacy.sealing import WrappingKeyMissing
from notifications.kinds import Urgency
from notifications.models import Notification
from notifications.operations.delivering import Delivery, ServerDown
from notifications.operations.taking import MOST_AT_ONCE, give_back, is_any_due, take, urgency_of
from notifications.operations.trials import Watcher
from notifications.providers.chain import Chain
from notifications.providers.sending import EmailConnection

# A lane takes as many as it sends in this time, so that the rest is left to other lanes.
BATCH_SECONDS = 1.0
FIRST_BATCH = 10
SHORTEST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 1.0
# A lane that has not come back from an email for so long is helped out by the others.
SLOW_SECONDS = 0.5
# How often a lane looks whether it is to help; and how long it goes without looking for rows.
LOOK_SECONDS, HELP_SECONDS = 0.25, 10.0
# While something is wrong that another email would meet, too.
FAULT_PAUSE_SECONDS = 2.0
# A lane that waits for a mail server moves on before.
STUCK_SECONDS = 180.0

log = structlog.get_logger(__name__)


class Lanes:
    """The lanes of this process."""

    def __init__(self, *, number: int, niceness: int = 0) -> None:
        """number: of lanes besides the urgent one, at least one. niceness: theirs, 0 to 19."""
        self.stopping = threading.Event()
        self.chain = Chain.of_settings()
        # Set while one lane alone cannot keep up.
        self.backlog = threading.Event()
        self.lanes = [
            Lane(self, "urgent", least_urgent=Urgency.URGENT),
            Lane(self, "first", niceness=niceness),
            *(Lane(self, f"helper-{n}", helps=True, niceness=niceness) for n in range(1, number)),
        ]
        self.chain.is_watched = True
        self.watchers = [Watcher(self.chain, link, self.stopping) for link in self.chain.links]

    def start(self) -> None:
        for thread in (*self.lanes, *self.watchers):
            thread.start()

    def stop(self) -> None:
        """Let each lane end after the email that it is sending."""
        self.stopping.set()
        self.backlog.set()

    def report(self) -> None:
        """Tell the broker how the providers do, every few seconds."""
        self.chain.report(at_once=self.stopping.is_set())

    def join(self, *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for thread in (*self.lanes, *self.watchers):
            thread.join(max(deadline - time.monotonic(), 0))

    @property
    def need_help(self) -> bool:
        """Whether the lane that takes any does not keep up alone."""
        return self.backlog.is_set() or self.lanes[1].is_slow

    @property
    def are_working(self) -> bool:
        """Whether all lanes run and none is stuck."""
        oldest = time.monotonic() - STUCK_SECONDS
        return all(lane.is_alive() and lane.seen_at > oldest for lane in self.lanes)


class Lane(threading.Thread):
    """One thread that delivers."""

    def __init__(
        self,
        lanes: Lanes,
        name: str,
        *,
        least_urgent: Urgency = Urgency.BULK,
        helps: bool = False,
        niceness: int = 0,
    ) -> None:
        super().__init__(name=f"lane-{name}", daemon=True)
        self.seen_at = time.monotonic()
        # Since when it is at the email under way; 0 for none.
        self._begun_at = 0.0
        self._lanes = lanes
        self._least_urgent = least_urgent
        self._helps = helps
        self._niceness = niceness
        self._pause = SHORTEST_PAUSE_SECONDS
        self._most = FIRST_BATCH

    def run(self) -> None:
        """Deliver until stopped."""
        _give_way(self._niceness)
        with acting(via="task"), EmailConnection(self._lanes.chain) as email_connection:
            while not self._lanes.stopping.is_set():
                self.seen_at = time.monotonic()
                pause = self._work(email_connection)
                email_connection.rest()
                self._wait(pause)
        connection.close()

    def _wait(self, pause: float) -> None:
        lanes = self._lanes
        if not self._helps or lanes.need_help:
            lanes.stopping.wait(pause)
            return
        until = time.monotonic() + HELP_SECONDS
        while not lanes.need_help and time.monotonic() < until:
            lanes.backlog.wait(LOOK_SECONDS)

    @property
    def is_slow(self) -> bool:
        """Whether an email has taken it long."""
        begun_at = self._begun_at
        return bool(begun_at) and time.monotonic() - begun_at > SLOW_SECONDS

    def _work(self, email_connection: EmailConnection) -> float:
        """Deliver a batch; return how long to pause."""
        try:
            # A connection that is too old or dead is replaced.
            connection.close_if_unusable_or_obsolete()
            return self._deliver_some(email_connection)
        except (OperationalError, InterfaceError) as error:
            log.warning("delivery_waits_for_database", error=type(error).__name__)
            connection.close()
        except WrappingKeyMissing as error:
            log.warning("delivery_waits_for_key", wrapping_key_name=error.key_name)
        except DatabaseError:
            log.exception("delivery_failed")
            connection.close()
        except Exception:
            log.exception("delivery_failed")
        return FAULT_PAUSE_SECONDS

    def _deliver_some(self, email_connection: EmailConnection) -> float:
        chain = self._lanes.chain
        least_urgent = chain.least_urgent(self._least_urgent)
        if least_urgent is None:
            return min(chain.wait_seconds(self._least_urgent), SHORTEST_PAUSE_SECONDS)
        # While no provider answers, one lane tries one email.
        most = self._most if chain.is_up else 1
        is_due = is_any_due(least_urgent=least_urgent)
        notifications = take(most=most, least_urgent=least_urgent) if is_due else []
        is_full = len(notifications) >= most
        if not chain.are_up and notifications:
            notifications = self._without_trial(notifications)
        self._call_for_help(is_wanted=is_full)
        done = self._deliver(notifications, email_connection) if notifications else 0
        if is_full and done:
            return 0.0
        lengthened = min(self._pause * 1.5, LONGEST_PAUSE_SECONDS)
        self._pause = SHORTEST_PAUSE_SECONDS if notifications else lengthened
        if least_urgent is not self._least_urgent:
            # The rest waits for the limit of a provider.
            return min(self._pause, chain.wait_seconds(self._least_urgent))
        return self._pause

    def _without_trial(self, notifications: list[Notification]) -> list[Notification]:
        """Leave one bulk email to the watcher of a provider that is to be tried by one."""
        *others, last = notifications
        is_bulk = urgency_of(last) is Urgency.BULK
        if is_bulk and any(watcher.offer(last) for watcher in self._lanes.watchers):
            return others
        return notifications

    def _call_for_help(self, *, is_wanted: bool) -> None:
        if self._least_urgent is not Urgency.BULK or self._lanes.stopping.is_set():
            return
        if is_wanted:
            self._lanes.backlog.set()
        else:
            self._lanes.backlog.clear()

    def _deliver(
        self, notifications: Sequence[Notification], email_connection: EmailConnection
    ) -> int:
        """Deliver notifications; return how many were begun, the others are given back."""

        def is_stopping() -> bool:
            self.seen_at = self._begun_at = time.monotonic()
            return self._lanes.stopping.is_set()

        delivery = Delivery(notifications, email_connection, is_stopping=is_stopping)
        started = self._begun_at = time.monotonic()
        try:
            delivery.run()
        except ServerDown:
            # The chain knows.
            pass
        finally:
            self._begun_at = 0.0
            email_connection.give_back()
            seconds = time.monotonic() - started
            done = len(notifications) - len(delivery.waiting)
            fitting = int(done * BATCH_SECONDS / max(seconds, 0.001))
            self._most = min(max(fitting, 1), MOST_AT_ONCE)
            if delivery.waiting:
                give_back(list(delivery.waiting))
        return done


def _give_way(niceness: int) -> None:
    """Let other processes go before this thread where the CPU is short.

    On Linux each thread has a niceness of its own; elsewhere it would be that of the urgent lane.
    """
    if sys.platform == "linux":
        os.nice(niceness)
