"""The test database: two roles, empty tables, and the rows of migrations."""

import threading

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, connections, transaction

from evently.tests.database import (
    as_owner,
    as_owner_at_once,
    empty_tables,
    reset_session,
    url_of,
)


def roles_seen() -> tuple[str, str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, current_database(), current_user")
        return cursor.fetchone()


@pytest.mark.django_db
def test_plain_test_works_as_the_application_inside_a_transaction():
    assert roles_seen()[0] == connections["default"].settings_dict["USER"]
    assert roles_seen()[1].startswith("test_")
    assert roles_seen()[2] == "evently_worker"
    assert connection.in_atomic_block
    Group.objects.create(name="left by a plain test")


@pytest.mark.django_db
def test_plain_test_leaves_nothing():
    assert not Group.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_transactional_test_commits_for_other_threads_and_leaves_nothing(turn):
    assert not connection.in_atomic_block
    assert not Group.objects.exists()
    seen = []

    def write_and_read(name):
        try:
            Group.objects.create(name=name)
            seen.append(Group.objects.using("owner").filter(name=name).count())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write_and_read, args=[f"g{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [1, 1, 1, 1]


@pytest.mark.django_db
def test_application_may_not_truncate():
    owner = connections["owner"].settings_dict["USER"]
    if owner == connections["default"].settings_dict["USER"]:
        pytest.skip("one role does everything here")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE auth_group CASCADE")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_rows_of_migrations_survive_transactional_tests(turn):
    with as_owner() as owner:
        seeds = owner.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'test_seeds'"
        ).fetchall()
        for (name,) in seeds:
            schema, table = name.split(".", 1)
            counts = owner.execute(
                f'SELECT (SELECT count(*) FROM "{schema}"."{table}"),'
                f' (SELECT count(*) FROM test_seeds."{name}")'
            ).fetchone()
            assert counts[0] == counts[1], name


@pytest.mark.django_db(transaction=True)
def test_tables_are_not_emptied_beside_an_open_transaction():
    Group.objects.create(name="stays")
    with as_owner() as other:
        other.execute("INSERT INTO auth_group (name) VALUES ('not committed yet')")
        assert as_owner_at_once("SELECT test_seeds.empty_tables()") == [(False,)]
        assert Group.objects.count() == 1

    empty_tables()

    assert not Group.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_rows_are_emptied_by_truncating():
    with as_owner() as owner:
        owner.execute(
            "INSERT INTO auth_group (name) SELECT repeat('x', 140) || n"
            " FROM generate_series(1, 15000) n"
        )

    empty_tables()

    assert as_owner_at_once("SELECT pg_relation_size('auth_group')") == [(0,)]


@pytest.mark.django_db(transaction=True)
def test_connection_that_stays_open_is_as_new():
    def seen():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_backend_pid(), current_setting('statement_timeout'),"
                " current_setting('TimeZone'), current_setting('evently.actor', true),"
                " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                " AND pid = pg_backend_pid())"
            )
            return cursor.fetchone()

    reset_session(connection)
    before = seen()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 7; SET TimeZone = 'Asia/Tokyo'")
        cursor.execute("SET evently.actor = 'me'; SELECT pg_advisory_lock(7)")
    assert seen() != before

    reset_session(connection)

    assert [value or "" for value in seen()] == [value or "" for value in before]


@pytest.mark.django_db(transaction=True)
def test_connection_with_an_open_transaction_is_closed():
    connection.set_autocommit(False)
    Group.objects.create(name="not committed")

    reset_session(connection)

    assert connection.connection is None
    connection.set_autocommit(True)
    assert not Group.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["default", "owner"])
def test_url_connects_other_processes_to_the_test_database(alias):
    with psycopg.connect(url_of(alias)) as other:
        assert other.execute("SELECT current_user, current_database()").fetchone() == (
            connections[alias].settings_dict["USER"],
            connections["default"].settings_dict["NAME"],
        )
