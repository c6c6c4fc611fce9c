"""The test database: two roles, empty tables, and the rows of migrations."""

import threading

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, connections, transaction

from evently.tests.database import as_owner, url_of


def roles_seen() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        return cursor.fetchone()


@pytest.mark.django_db
def test_plain_test_works_as_the_application_inside_a_transaction():
    assert roles_seen()[0] == connections["default"].settings_dict["USER"]
    assert roles_seen()[1].startswith("test_")
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


@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["default", "owner"])
def test_url_connects_other_processes_to_the_test_database(alias):
    with psycopg.connect(url_of(alias)) as other:
        assert other.execute("SELECT current_user, current_database()").fetchone() == (
            connections[alias].settings_dict["USER"],
            connections["default"].settings_dict["NAME"],
        )
