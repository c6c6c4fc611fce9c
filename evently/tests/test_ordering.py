"""The order of tests on several workers."""

import pytest

from evently.tests.ordering import spread


def test_slow_tests_come_first_in_the_part_of_each_worker():
    slow = [False, False, True, False, True, True, False]

    # Three and four tests, as xdist divides seven.
    assert spread(slow, workers=2) == [2, 5, 0, 4, 1, 3, 6]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 100])
@pytest.mark.parametrize("every", [1, 2, 7])
def test_each_test_runs_once(count, every, workers):
    slow = [number % every == 0 for number in range(count)]

    assert sorted(spread(slow, workers)) == list(range(count))
