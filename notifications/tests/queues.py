"""The tasks in Celery's queues, as a worker would receive them."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Any

from kombu import pools

from evently.celery import app
from evently.enqueue import breaker


@contextmanager
def another_broker(url: str) -> Iterator[None]:
    """Let Celery use another broker during the block."""
    before = app.conf.broker_url
    app.conf.broker_url = url
    _forget_connections()
    try:
        yield
    finally:
        _forget_connections()
        app.conf.broker_url = before


def _forget_connections() -> None:
    """Close all connections, so that the next ones use the current settings."""
    pools.reset()
    app._pool = app.amqp._producer_pool = None
    breaker.reset()


def taken_from_queues() -> list[tuple[str, Any]]:
    """Take all tasks out of the queues; return (name, arguments)."""
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
