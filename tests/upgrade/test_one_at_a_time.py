"""Two processes never migrate a database at the same time."""

import os
import subprocess
import sys
import threading

import pytest
from django.core.management import call_command
from django.db import connections

from evently.database import migrated
from evently.database.migrated import migration_lock, missing_migrations
from evently.environment import BASE_DIR
from evently.tests.database import url_of
from evently.tests.running import wait_for
from tests.upgrade.restoring import connect, django_in, new_database


def holders(database):
    """Return how many connections hold the lock in a database."""
    return database.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchone()[0]


@pytest.mark.slow
@pytest.mark.processes
def test_two_first_migrations_at_once_both_succeed(keys):
    with new_database() as name, django_in(name):
        environment = os.environ | {
            "DATABASE_URL": url_of("default"),
            "DATABASE_OWNER_URL": url_of("owner"),
        }
        both = [
            subprocess.Popen(
                [sys.executable, "manage.py", "migrate", "--no-input", "-v", "0"],
                cwd=BASE_DIR,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(2)
        ]
        outputs = [process.communicate()[0] for process in both]

        assert [process.returncode for process in both] == [0, 0], outputs
        assert missing_migrations(using="owner") == []
        with connect(name) as database:
            assert holders(database) == 0


def test_second_waits_until_the_first_has_finished(copy_of_restored):
    said, began, waited = [], threading.Event(), threading.Event()

    def second():
        try:
            with migration_lock(
                connections["owner"], say=lambda text: (said.append(text), began.set())
            ):
                waited.set()
        finally:
            connections.close_all()

    other = threading.Thread(target=second)
    with migration_lock(connections["owner"], say=said.append):
        other.start()
        assert began.wait(60)
        # It waits without a transaction: a concurrent index build would wait for one.
        with connect(copy_of_restored) as database:
            database.execute("SET statement_timeout = '30s'")
            database.execute("CREATE INDEX CONCURRENTLY idx_tried ON events (created_at)")
        assert not waited.is_set()
    other.join(60)

    assert waited.is_set()
    assert len(said) == 1
    assert "Another process is migrating" in said[0]


def test_lock_ends_with_its_connection(copy_of_restored):
    with connect(copy_of_restored) as database:
        database.execute("SELECT pg_advisory_lock(%s)", [migrated.MIGRATION_LOCK])
        assert holders(database) == 1
    with connect(copy_of_restored) as database:
        assert wait_for(lambda: holders(database) == 0)
    call_command("migrate", verbosity=0)


def test_older_database_lacks_migrations_by_name(copy_of_restored):
    missing = missing_migrations(using="owner")

    call_command("migrate", verbosity=0)

    assert missing_migrations(using="owner") == []
    assert all("." in name for name in missing)


def test_empty_database_lacks_all_and_a_newer_one_none(keys):
    with new_database() as name, django_in(name):
        everything = missing_migrations(using="owner")
    known = {tuple(name.split(".", 1)) for name in everything}

    assert "events.0001_initial" in everything
    assert migrated.missing_among(known | {("events", "9999_of_a_later_release")}) == []
    assert migrated.missing_among(known - {("events", "0001_initial")}) == ["events.0001_initial"]
