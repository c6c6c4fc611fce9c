"""What the tests that go around Django start from."""

import pytest

from evently.tests.rows import book, event


@pytest.fixture
def priced():
    """An event at 10 a seat."""
    return event(base_price=10, current_price=10)


@pytest.fixture
def booking(priced):
    """Two seats at 10."""
    return book(priced, 2, unit_price=10)
