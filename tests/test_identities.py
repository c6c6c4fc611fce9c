"""No identity outlives the statement or transaction that it was taken for.

Neither a statement outside of a transaction nor a connection that is given back has one, and the
login by itself reads no table.
"""

import threading

import psycopg
import pytest
from django.db import (
    DatabaseError,
    DataError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.database.identity import VISITOR, DatabaseRole, acting_as, as_worker, attendee
from evently.database.prepared import execute_prepared
from evently.row_security.tables import quoted
from evently.tests.database import as_owner_at_once, url_of
from evently.tests.sql import run
from tests.walked_rows import TABLES

pytestmark = pytest.mark.django_db(transaction=True)


def raw(statement):
    """Run a statement on the application's connection as it is, without taking an identity."""
    connection.ensure_connection()
    return psycopg.ClientCursor(connection.connection).execute(statement).fetchall()


def left_over():
    """Return the role, person and events that the connection has by itself."""
    return raw(
        "SELECT current_setting('role'), coalesce(current_setting('evently.user_id', true), ''),"
        " coalesce(current_setting('evently.manages', true), '')"
    )


CLEAN = [("none", "", "")]


# The login by itself


def test_the_login_without_a_role_reads_no_table():
    existing = {name for name, _ in as_owner_at_once(TABLES)}
    for table in existing - {"django_migrations"}:
        for statement in (
            f"SELECT 1 FROM {quoted(table)}",
            f"DELETE FROM {quoted(table)}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                raw(statement)


def test_a_connection_beside_django_has_no_role():
    UserFactory()
    with psycopg.connect(url_of("default"), autocommit=True) as beside:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            beside.execute("SELECT 1 FROM users")
        # Nor does a role without a person see any.
        beside.execute("SET ROLE evently_attendee")
        assert beside.execute("SELECT count(*) FROM users").fetchone() == (0,)
        beside.execute("SET evently.user_id = ''")
        assert beside.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_an_invalid_person_is_refused_and_nothing_is_read():
    with psycopg.connect(url_of("default"), autocommit=True) as beside:
        beside.execute("SET ROLE evently_attendee; SET evently.user_id = 'x'' OR true --'")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            beside.execute("SELECT 1 FROM users")


# No identity is left


def seen():
    """Return the ids of the accounts that the current identity sees."""
    return {user_id for (user_id,) in run("SELECT id FROM users")}


def test_nothing_is_left_after_a_statement_outside_of_a_transaction():
    user = UserFactory()
    with acting_as(attendee(user.pk)):
        assert seen() == {user.pk}
        assert left_over() == CLEAN
        with pytest.raises(DatabaseError):
            run("SELECT 1 / 0")
        assert left_over() == CLEAN
        assert seen() == {user.pk}
    with acting_as(VISITOR), pytest.raises(ProgrammingError):
        seen()
    assert left_over() == CLEAN


@pytest.mark.parametrize("ends_by", ["commit", "rollback", "error"])
def test_nothing_is_left_after_a_transaction(ends_by):
    user = UserFactory()
    try:
        with acting_as(attendee(user.pk)), transaction.atomic():
            assert seen() == {user.pk}
            assert left_over() == [(DatabaseRole.ATTENDEE, str(user.pk), "")]
            if ends_by == "error":
                run("SELECT 1 / 0")
            transaction.set_rollback(ends_by == "rollback")
    except DatabaseError:
        assert ends_by == "error"
    assert left_over() == CLEAN
    other = UserFactory()
    with acting_as(attendee(other.pk)):
        assert seen() == {other.pk}


@pytest.mark.parametrize("fails", [True, False])
def test_a_savepoint_that_is_rolled_back_ends_its_identity_alone(fails):
    one, two = UserFactory(), UserFactory()
    with acting_as(attendee(one.pk)), transaction.atomic():
        assert seen() == {one.pk}
        try:
            with acting_as(attendee(two.pk)), transaction.atomic():
                assert seen() == {two.pk}
                if fails:
                    run("SELECT 1 / 0")
                transaction.set_rollback(True)
        except DatabaseError:
            assert fails
        assert seen() == {one.pk}
        with as_worker(), transaction.atomic():
            assert seen() >= {one.pk, two.pk}
        assert seen() == {one.pk}
    assert left_over() == CLEAN


def test_an_identity_taken_first_in_a_savepoint_does_not_outlive_it():
    one, two = UserFactory(), UserFactory()
    with transaction.atomic():
        with acting_as(attendee(two.pk)), transaction.atomic():
            assert seen() == {two.pk}
            transaction.set_rollback(True)
        assert left_over() == CLEAN
        with acting_as(attendee(one.pk)):
            assert seen() == {one.pk}


@pytest.mark.parametrize(
    "undo", ["ROLLBACK TO SAVEPOINT one", "rollback to one", "/* x */ ROLLBACK TO one; SELECT 1"]
)
def test_a_rollback_in_plain_sql_takes_the_identity_again(undo):
    user = UserFactory()
    with acting_as(attendee(user.pk)), transaction.atomic():
        run("SAVEPOINT one")
        assert seen() == {user.pk}
        with connection.cursor() as cursor:
            cursor.execute(undo)
        assert left_over() == CLEAN
        assert seen() == {user.pk}
        assert left_over() == [(DatabaseRole.ATTENDEE, str(user.pk), "")]
    assert left_over() == CLEAN


def test_a_rollback_in_plain_sql_gives_nobody_the_rights_of_before():
    user, other = UserFactory(), UserFactory()
    with transaction.atomic():
        assert seen() >= {user.pk, other.pk}  # as a task
        run("SAVEPOINT one")
        with acting_as(attendee(user.pk)):
            assert seen() == {user.pk}
            run("ROLLBACK TO SAVEPOINT one")
            assert seen() == {user.pk}


@pytest.mark.parametrize("end", ["ROLLBACK", "COMMIT", "END", "ABORT"])
def test_a_transaction_that_plain_sql_ends_is_not_followed_by_one_without_an_identity(end):
    user = UserFactory()
    with acting_as(attendee(user.pk)), transaction.atomic():
        assert seen() == {user.pk}
        with connection.cursor() as cursor:
            cursor.execute(end)
        assert left_over() == CLEAN
        assert seen() == {user.pk}


def test_prepared_statements_bring_their_identity():
    one, two = UserFactory(), UserFactory()
    statement = "SELECT id FROM users WHERE id = ANY (%s)"

    def prepared():
        rows = execute_prepared(connection, statement, [[one.pk, two.pk]])
        return {user_id for (user_id,) in rows}

    for _ in range(3):
        for user in (one, two):
            with acting_as(attendee(user.pk)):
                assert prepared() == {user.pk}
                assert left_over() == CLEAN
        assert prepared() == {one.pk, two.pk}  # a task's
    with acting_as(attendee(one.pk)), transaction.atomic():
        assert prepared() == {one.pk}
        with acting_as(attendee(two.pk)), transaction.atomic():
            assert prepared() == {two.pk}
            transaction.set_rollback(True)
        assert prepared() == {one.pk}
        assert seen() == {one.pk}
    assert left_over() == CLEAN
    with acting_as(VISITOR), pytest.raises(ProgrammingError):
        prepared()
    assert left_over() == CLEAN


def test_what_was_prepared_reads_as_whoever_runs_it():
    one, two = UserFactory(), UserFactory()
    query = User.objects.only("role").order_by("pk")
    with acting_as(attendee(one.pk)):
        cached = query.all()
    # Lazy: it runs for whom it is read.
    with acting_as(attendee(two.pk)):
        assert [user.pk for user in cached] == [two.pk]


def test_rows_read_in_portions_are_those_of_one_identity():
    one = UserFactory()
    UserFactory.create_batch(3)
    rows = User.objects.only("role").order_by("pk")
    with acting_as(attendee(one.pk)):
        assert [user.pk for user in rows.iterator(chunk_size=1)] == [one.pk]
        with transaction.atomic():
            assert [user.pk for user in rows.iterator(chunk_size=1)] == [one.pk]
    assert left_over() == CLEAN


def test_a_copy_is_refused():
    connection.ensure_connection()
    with connection.cursor() as cursor, pytest.raises(psycopg.NotSupportedError):
        cursor.copy("COPY users TO STDOUT")


def test_statements_of_many_parameters_bring_their_identity_each():
    user, other = UserFactory(), UserFactory()
    with acting_as(attendee(user.pk)), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE users SET timezone = %s WHERE id = %s",
            [("Europe/Berlin", user.pk), ("Europe/Rome", other.pk)],
        )
    with as_worker():
        zones = dict(run("SELECT id, timezone FROM users"))
    assert zones[user.pk] == "Europe/Berlin"
    assert "Europe/Rome" not in zones.values()


@pytest.fixture
def pool(monkeypatch):
    """Let new threads take their connections from a pool of two, as in web processes."""
    settings = connections.settings["default"]
    options = settings["OPTIONS"] | {"pool": {"min_size": 2, "max_size": 2, "timeout": 30}}
    changed = {**settings, "OPTIONS": options, "CONN_MAX_AGE": 0}
    monkeypatch.setitem(connections.settings, "default", changed)
    opened = type(connections["default"])(changed, "default").pool
    opened.open()
    yield opened
    opened.close()
    del type(connections["default"])._connection_pools["default"]


def test_connections_of_a_pool_are_given_back_without_an_identity(pool):
    people = [UserFactory().pk for _ in range(4)]
    start, answers = threading.Barrier(len(people)), []

    def request(number):
        """Return what is read, within a transaction or not, and end it in another way each time."""
        users = User.objects.values_list("pk", flat=True)
        found = []
        try:
            if number % 4 == 0:
                return [list(users), list(users.all())]
            with transaction.atomic():
                found = [list(users), list(users.all())]
                if number % 4 == 2:
                    run("SELECT 1 / 0")
                transaction.set_rollback(number % 4 == 3)
        except DataError:
            assert number % 4 == 2
        finally:
            connection.close()
        return found

    def work(user_id):
        start.wait()
        for number in range(12):
            with acting_as(attendee(user_id)):
                answers.extend(got == [user_id] for got in request(number))

    threads = [threading.Thread(target=work, args=[user_id]) for user_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [True] * 4 * 12 * 2
    with pool.connection() as one, pool.connection() as two:
        for given in (one, two):
            cursor = psycopg.ClientCursor(given).execute(
                "SELECT current_setting('role'),"
                " coalesce(current_setting('evently.user_id', true), '')"
            )
            assert cursor.fetchall() == [("none", "")]
