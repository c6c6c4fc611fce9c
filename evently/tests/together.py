"""Functions that run at the same time, in threads with a connection each."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection, connections

from evently.errors import DomainError
from evently.idempotency.keys import Replayed


def run_together(*functions: Callable[[], Any]) -> list[Any]:
    """Run each function in its own thread, all at once; return their results or errors."""
    barrier = threading.Barrier(len(functions))
    outcomes: list[Any] = [None] * len(functions)

    def run_one(number: int, function: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            outcomes[number] = function()
        except (DomainError, Replayed, psycopg.Error) as error:
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run_one, args=[number, function])
        for number, function in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return outcomes
