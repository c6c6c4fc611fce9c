"""A limit for work that other machines can hold up."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what work returns, or raise what it raises; TimeoutError once the time is over.

    Time-outs of sockets are for one answer of the network each: a server that sends byte by byte,
    or a name that is looked up for minutes, keeps to them and still never ends. The work's thread
    is then left to itself, so it must not use the database.
    """
    done: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            done.put((None, error))

    threading.Thread(target=run, name="within", daemon=True).start()
    try:
        value, error = done.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]
