"""What a process keeps in memory to not make it again, within limits.

Only what follows from a key that is read for each request may be kept, so that it is never shown
once it is out of date.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

from django.conf import settings

Value = TypeVar("Value")

_everything: "list[Kept[Any]]" = []


def forget_everything() -> None:
    """Forget all that this process has kept."""
    for kept in _everything:
        kept.clear()


def size_as_text(value: Any) -> int:
    return len(str(value))


class Kept(Generic[Value]):
    """Values by name; the ones longest unused go first."""

    def __init__(self, most_bytes: int) -> None:
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = Lock()
        self._most_bytes, self._bytes = most_bytes, 0
        _everything.append(self)

    def get(self, name: Hashable) -> Value | None:
        with self._lock:
            found = self._values.get(name)
            if found is None:
                return None
            self._values.move_to_end(name)
            return found[0]

    def keep(self, name: Hashable, value: Value, *, size: int) -> None:
        """Keep a value. size: about how many bytes it needs."""
        with self._lock:
            self._drop(name)
            self._values[name] = value, size
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._values)))

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._bytes = 0

    def _drop(self, name: Hashable) -> None:
        _, size = self._values.pop(name, (None, 0))
        self._bytes -= size


class KeptByKey(Generic[Value]):
    """Values by name, each with the key that it was made from: all that it depends on.

    In development nothing is kept, as templates change.
    """

    def __init__(self, most_bytes: int, *, size_of: Callable[[Value], int] = size_as_text) -> None:
        self._kept: Kept[tuple[Any, Value]] = Kept(most_bytes)
        self._size_of = size_of

    def get(self, name: Hashable, key: Any, make: Callable[[], Value]) -> Value:
        """Return the value that was made from this key, or make it."""
        if settings.DEBUG:
            return make()
        found = self._kept.get(name)
        if found is not None and found[0] == key:
            return found[1]
        value = make()
        self._kept.keep(name, (key, value), size=self._size_of(value) + size_as_text(key))
        return value
