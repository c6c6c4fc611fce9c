"""Celery's queues, looked into: what was handed over for a worker to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Any

from kombu import pools

from evently.celery import app
from evently.enqueue import breaker


@contextmanager
def another_broker(url: str) -> Iterator[None]:
    """Let Celery hand over to a broker of the test's own, for the length of a block."""
    before = app.conf.broker_url
    app.conf.broker_url = url
    _forget_connections()
    try:
        yield
    finally:
        _forget_connections()
        app.conf.broker_url = before


def _forget_connections() -> None:
    """Connect anew, to whatever the settings say now, and at once."""
    pools.reset()
    app._pool = app.amqp._producer_pool = None
    breaker.reset()


def taken_from_queues() -> list[tuple[str, Any]]:
    """Take all tasks out of the queues; return their names and arguments, as a worker sees them."""
    taken = []
    with app.connection_for_read() as connection:
        for queue in app.conf.task_queues:
            with connection.SimpleQueue(queue) as waiting:
                while True:
                    try:
                        message = waiting.get(block=False)
                    except Empty:
                        break
                    message.ack()
                    arguments, _, _ = message.payload
                    taken.append((message.headers["task"], arguments))
    return taken
