"""Connections that their server has ended are noticed before they are used, at no round trip."""

import psycopg
import pytest
from django.db import connection

from evently.database.postgresql.base import check, has_something_to_read
from evently.tests.database import url_of
from evently.tests.running import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def end(process):
    """End a connection's server process, as a restart of PostgreSQL does."""
    with psycopg.connect(url_of(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [process])


def test_a_connection_that_the_server_has_ended_is_replaced():
    connection.ensure_connection()
    process = connection.connection.info.backend_pid
    assert not has_something_to_read(connection.connection)
    end(process)
    assert wait_for(lambda: has_something_to_read(connection.connection), 10)
    # As at the beginning of a request.
    connection.health_check_enabled = True
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() != (process,)


def test_a_living_connection_is_not_asked():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'the last statement'")
    assert connection.is_usable()
    with psycopg.connect(url_of(), autocommit=True) as other:
        query = "SELECT query FROM pg_stat_activity WHERE pid = %s"
        ((last,),) = other.execute(query, [connection.connection.info.backend_pid]).fetchall()
    assert "the last statement" in last


def test_a_pool_refuses_an_ended_connection():
    with psycopg.connect(url_of(), autocommit=True) as pooled:
        check(pooled)
        end(pooled.info.backend_pid)
        assert wait_for(lambda: has_something_to_read(pooled), 10)
        with pytest.raises(psycopg.OperationalError):
            check(pooled)
