"""Rows for the database tests, inserted without the ORM."""

import pytest

from evently.tests.rows import book, event


@pytest.fixture
def priced():
    """The id of an event at 10 per seat."""
    return event(base_price=10, current_price=10)


@pytest.fixture
def booking(priced):
    """The id of a booking of two seats at 10."""
    return book(priced, 2, unit_price=10)
