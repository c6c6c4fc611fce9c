"""The Celery application as the supervisor runs it: pool processes die with their worker."""

import os
import signal
from typing import Any

from celery.signals import worker_process_init

from evently.celery import app
from evently.embedded import parent_death

__all__ = ["app"]

NICENESS = 5

_worker = os.getpid()
# Web requests go before background tasks.
os.nice(NICENESS)


@worker_process_init.connect(weak=False)
def die_with_worker(**kwargs: Any) -> None:
    """Let a pool process die with the worker: a killed worker cannot stop it."""
    parent_death.request_signal(signal.SIGKILL, _worker)
