"""Databases restored from the dumps, and upgraded by `manage.py migrate`."""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from django.test import override_settings

from evently.environment import BASE_DIR
from evently.tests.database import url_of
from notifications.tests.queues import another_broker
from tests.upgrade.restoring import DUMPS, connect, django_in, new_database, restore

# The dumps are sealed and digested under the keys that development has by default.
PII_KEY = sha256(b"evently development only").digest()
DIGEST_KEY = "development-only-digest-key"

MESSAGES = {
    "notifications": "SELECT id, status, sent_at, next_attempt_at, read FROM notifications",
    "email_delivery_log": (
        "SELECT id, status, send_attempts, next_attempt_at, metadata::text FROM email_delivery_log"
    ),
}
TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


@dataclass(frozen=True)
class Content:
    """What a database holds. counts: rows by table; messages: rows by table, as sets."""

    migrations: set[tuple[str, str]]
    counts: dict[str, int]
    messages: dict[str, set[tuple[Any, ...]]]


@dataclass(frozen=True)
class Upgraded:
    """A migrated database. dumped: what the dump held."""

    name: str
    dumped: Content


def content_of(name: str) -> Content:
    """Read what a database holds."""
    with connect(name) as connection:
        migrations = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
        tables = [table for (table,) in connection.execute(TABLES).fetchall()]
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in tables
        }
        messages = {
            table: set(connection.execute(query).fetchall()) for table, query in MESSAGES.items()
        }
    return Content(migrations, counts, messages)


def migrate() -> None:
    """Migrate the database that Django works in, by the command."""
    keys = {
        "DATABASE_URL": url_of("default"),
        "DATABASE_OWNER_URL": url_of("owner"),
        "EVENTLY_PII_KEYS": f"dev:{b64encode(PII_KEY).decode()}",
        "EVENTLY_DIGEST_KEY": DIGEST_KEY,
        "DEBUG": "true",
        "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL,EVENTLY_DIGEST_KEY,EVENTLY_PII_KEYS",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input"],
        cwd=BASE_DIR,
        env=os.environ | keys,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture
def broker() -> Iterator[None]:
    """Keep tasks in memory."""
    with another_broker("memory://"):
        yield


@pytest.fixture(scope="package")
def keys(django_db_blocker: Any) -> Iterator[None]:
    """Use the keys of the dumps, and databases of our own."""
    with (
        django_db_blocker.unblock(),
        override_settings(EVENTLY_PII_KEYS={"dev": PII_KEY}, EVENTLY_DIGEST_KEY=DIGEST_KEY),
    ):
        yield


@pytest.fixture(scope="package", params=DUMPS, ids=lambda path: path.name.partition(".")[0])
def restored(request: pytest.FixtureRequest, keys: None) -> Iterator[str]:
    """Return the name of a database restored from a dump; tests work in copies of it."""
    with new_database() as name:
        restore(request.param, name)
        yield name


@pytest.fixture(scope="package")
def upgraded(restored: str) -> Iterator[Upgraded]:
    """Return a migrated copy; nothing changes it."""
    dumped = content_of(restored)
    with new_database(template=restored) as name:
        with django_in(name):
            migrate()
        yield Upgraded(name, dumped)


@pytest.fixture
def copy_of_upgraded(upgraded: Upgraded) -> Iterator[str]:
    """Let Django work in a copy of the migrated database, which the test may change."""
    with new_database(template=upgraded.name) as name, django_in(name):
        yield name


@pytest.fixture
def copy_of_restored(restored: str) -> Iterator[str]:
    """Let Django work in a copy of the database as it was dumped."""
    with new_database(template=restored) as name, django_in(name):
        yield name
