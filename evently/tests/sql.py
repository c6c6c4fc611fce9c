"""Going around Django: plain SQL under the application's role, and what it is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from evently.tests.covering import note_refusal
from evently.transactions import violated_constraint

# The sessions of this database that wait for a lock. Without pg_stat_activity: in a transaction, it
# does not show what connected after the first look.
WAITING_SESSIONS = """
    SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE d.datname = current_database())
"""


def run(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Run one statement; return its rows, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def value(statement: str, *parameters: Any) -> Any:
    """Run one statement and return its only value."""
    ((result,),) = run(statement, *parameters)
    return result


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """Expect the block to be refused under this constraint's name, deferred checks included."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
        run("SET CONSTRAINTS ALL IMMEDIATE")
    assert violated_constraint(caught.value) == constraint, caught.value
    note_refusal(constraint)
    run("SET CONSTRAINTS ALL DEFERRED")


def as_at_commit() -> None:
    """Check what waits for the commit, as if the transaction ended here."""
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET CONSTRAINTS ALL DEFERRED")


def rows_read(table: str) -> int:
    """Return how many rows of a table this transaction has read so far, by triggers too."""
    return int(
        value(
            "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
            " FROM pg_stat_xact_user_tables WHERE relname = %s",
            table,
        )
    )


def assert_refused(error: psycopg.Error, constraint: str) -> None:
    """Check that an error of a connection beside Django came under this constraint's name."""
    assert error.diag.constraint_name == constraint, error
    note_refusal(constraint)
