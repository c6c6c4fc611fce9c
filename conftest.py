"""What all tests share: two roles on one test database.

The owner creates the test database; the code under test uses it under the application's role, so
that a test fails where production would: on a missing right, or an attempt to disable a trigger.
"""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django.plugin import blocking_manager_key

from evently.kept import forget_everything
from evently.tests import database, template

pytest_plugins = [
    "evently.tests.clock",
    "evently.tests.counting",
    "evently.tests.covering",
    "evently.tests.hashing",
    "evently.tests.ordering",
    "evently.tests.owned_rows",
    "evently.tests.people",
    "evently.tests.planner",
    "evently.tests.served_files",
]

# How long an example takes says more about the machine than about the code.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let all transactional tests use the owner's connection, too."""
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
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """Copy the test database from its template, whichever alias the tests ask for."""
    with django_db_blocker.unblock():
        name = template.make_test_database(
            verbosity=request.config.option.verbose,
            # With several workers, none knows whether another one has recreated it already.
            anew=django_db_createdb and not hasattr(request.config, "workerinput"),
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_after_test)
        yield
    with django_db_blocker.unblock():
        template.drop(name)


@pytest.fixture(autouse=True)
def pages_rendered_anew() -> None:
    """Forget the pages that an earlier test has seen: settings may be others."""
    forget_everything()


@pytest.fixture(autouse=True)
def umask_as_before() -> Iterator[None]:
    """Restore the umask, which code that makes private files sets for its whole process."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Give each worker its own Redis database, as it has its own PostgreSQL database."""
    address = urlsplit(settings.REDIS_URL)
    for number, spec in enumerate(specs):
        # Redis has 16 of them; the first is for runs without workers.
        spec.env["REDIS_URL"] = address._replace(path=f"/{number % 15 + 1}").geturl()
        spec.env["DEVELOPMENT_ALLOWS"] = "DATABASE_URL,REDIS_URL"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop the template, unless the next run reuses it."""
    config = session.config
    if hasattr(config, "workerinput") or config.option.reuse_db or config.option.collectonly:
        return
    with config.stash[blocking_manager_key].unblock():
        template.drop(template.NAME)


def _empty_after_test(self: TransactionTestCase) -> None:
    """Empty the tables as their owner, except for rows inserted by migrations."""
    for connection in connections.all(initialized_only=True):
        database.reset_session(connection)
    database.empty_tables()
