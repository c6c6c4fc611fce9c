"""The order of tests on several workers: those that take seconds come first.

At the end, when workers run out of tests, only short ones are left to share. xdist gives each
worker an equal part of the list, and later lets idle workers take from the end of another one's
part; so the slow tests are spread over the beginnings of all parts.
"""

from collections.abc import Sequence

import pytest

SLOW = ("slow", "processes", "browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests, after all other plugins, in the same way on each worker."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        slow = [any(map(item.get_closest_marker, SLOW)) for item in items]
        items[:] = [items[place] for place in spread(slow, workers)]


def spread(slow: Sequence[bool], workers: int) -> list[int]:
    """Return the places of tests in their new order. slow: which of them take seconds."""
    first = [place for place, is_slow in enumerate(slow) if is_slow]
    rest = [place for place, is_slow in enumerate(slow) if not is_slow]
    order: list[int] = []
    for worker in range(workers):
        # As xdist divides what is left by the workers that are left.
        size = (len(slow) - len(order)) // (workers - worker)
        mine = first[worker::workers][:size]
        count = size - len(mine)
        order += mine + rest[:count]
        rest = rest[count:]
    # With fewer tests than workers have room for, slow ones may be left.
    left = set(range(len(slow))) - set(order)
    return order + sorted(left)
