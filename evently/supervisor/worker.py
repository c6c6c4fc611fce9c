"""Celery's application as the supervisor runs it: pool processes die with their worker."""

import os
import signal
from typing import Any

from celery.signals import worker_process_init

from evently.celery import app
from evently.embedded import leash

__all__ = ["app"]

NICENESS = 5

_worker = os.getpid()
# Whoever is booking comes before the mails of those who have booked.
os.nice(NICENESS)


@worker_process_init.connect(weak=False)
def fasten_to_worker(**kwargs: Any) -> None:
    """Have a pool process die with the worker; killed, the worker could not tell it to."""
    leash.fasten(signal.SIGKILL, _worker)
