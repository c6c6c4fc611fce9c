"""Simulated nights: the rules are carried out in a process of its own, which may be killed."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connections

from bench.ten_years.balance import Balance
from evently.lifecycle.asking import ask
from evently.lifecycle.registry import rules
from evently.lifecycle.running import run

# Backends of a killed process notice it within moments.
WAIT_SECONDS = 60.0
STILL_AT_WORK = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class Nights:
    """A run through years. step: from one night to the next. kills: how many are left to do.

    set_clock: sets the clock of the database.
    """

    balance: Balance
    set_clock: Callable[[datetime], None]
    step: timedelta
    kills: int
    chance: random.Random
    duration: float = 1.0
    killed: int = 0
    places: dict[str, str] = field(default_factory=dict)

    def pass_through(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """Do all nights; yields each when it is done and all rows are accounted for."""
        nights = [first + self.step * number for number in range((last - first) // self.step + 1)]
        for number, at in enumerate(nights):
            self.set_clock(at)
            left = len(nights) - number
            while self.kills and self.chance.random() < self.kills / left:
                self._kill(at)
            self._complete(at)
            yield at

    def _kill(self, at: datetime) -> None:
        """Kill the run at a random moment of its work, and account for all rows."""
        child = _start()
        time.sleep(self.chance.uniform(0, self.duration))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.kills -= 1
        _wait_for_backends()
        self.places = self.balance.check(at=at)
        self.killed += 1

    def _complete(self, at: datetime) -> None:
        began = time.monotonic()
        _, status = os.waitpid(_start(), 0)
        if status != 0:
            raise RuntimeError(f"The night of {at:%Y-%m-%d} failed.")
        self.duration = time.monotonic() - began
        self.places = self.balance.check(at=at)


def _start() -> int:
    """Begin to carry out all rules in a forked process; return its id."""
    # A connection must not be used by two processes.
    with _closed_connections():
        child = os.fork()
    if child:
        return child
    failed = True
    try:
        failed = any(run(rule).error for rule in rules())
    finally:
        # No exit handlers: they are the parent's.
        os._exit(int(failed))
    return child


@contextmanager
def _closed_connections() -> Iterator[None]:
    for connection in connections.all(initialized_only=True):
        connection.close()
    yield


def _wait_for_backends() -> None:
    """Wait until what a killed process had begun is committed or rolled back."""
    end = time.monotonic() + WAIT_SECONDS
    while ask(STILL_AT_WORK):
        if time.monotonic() > end:
            raise RuntimeError("A backend of a killed process is still at work.")
        time.sleep(0.02)
