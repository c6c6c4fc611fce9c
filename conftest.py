"""What all tests share: two roles on one test database.

The owner makes the test database; the code under test works in it under the application's role,
so that a test fails where production would: no right, no trigger to switch off.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.test import TransactionTestCase
from django.test.utils import setup_databases, teardown_databases

from evently.tests import database

pytest_plugins = [
    "evently.tests.clock",
    "evently.tests.counting",
    "evently.tests.owned_rows",
    "evently.tests.people",
    "evently.tests.planner",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let transactional tests use the owner's connection too, without saying so each time."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark is not None and mark.kwargs.get("transaction"):
            wanted = dict(mark.kwargs) | {"databases": ["default", "owner"]}
            item.add_marker(pytest.mark.django_db(*mark.args, **wanted), append=False)


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """Make the test database as its owner, whichever alias the tests ask for."""
    verbosity = request.config.option.verbose
    with django_db_blocker.unblock():
        made = setup_databases(
            verbosity=verbosity,
            interactive=False,
            aliases={"default", "owner"},
            keepdb=django_db_keepdb and not django_db_createdb,
        )
        database.remember_seeds()
    # A mirror while the database was made. As a mirror in tests, Django would open no
    # transaction on "default", and what a test writes would stay.
    connections["default"].settings_dict["TEST"]["MIRROR"] = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_after_test)
        yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            # The one connection that Django did not make the database with would keep it busy.
            connections.close_all()
            # So would one that a thread forgot; the next run replaces the database then.
            with suppress(DatabaseError):
                teardown_databases(made, verbosity=verbosity)


def _empty_after_test(self: TransactionTestCase) -> None:
    """Empty the tables as their owner, with what migrations put in left in place."""
    for connection in connections.all(initialized_only=True):
        connection.close()
    database.empty_tables()
