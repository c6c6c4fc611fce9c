"""Queries that are built and prepared once: the same rows as Django's, for all connections."""

import threading
from datetime import UTC
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.database.prepared import PreparedQuery, execute_prepared
from evently.tests.rows import people, person

BY_ID = PreparedQuery(lambda pk: User.objects.with_keys().filter(pk=pk), pk=UUID)


@pytest.mark.django_db
def test_rows_are_those_of_the_queryset():
    user_id = UserFactory().pk
    found = BY_ID.first(pk=user_id)
    expected = User.objects.with_keys().get(pk=user_id)
    fields = [field.attname for field in User._meta.concrete_fields]
    assert [getattr(found, name) for name in fields] == [getattr(expected, name) for name in fields]
    assert found.key is not None
    assert found.created_at.tzinfo is UTC
    assert not found._state.adding
    assert BY_ID.first(pk=uuid7()) is None


@pytest.mark.django_db
def test_text_with_percent_signs_and_quotes_stays_as_it_is():
    zone = "100 % of 'all' \\ %s"
    User.objects.filter(pk=(user_id := person())).update(timezone=zone)
    constant = PreparedQuery(lambda pk: User.objects.filter(pk=pk, timezone=zone), pk=UUID)
    assert constant.first(pk=user_id).timezone == zone
    parameter = PreparedQuery(lambda zone: User.objects.filter(timezone=zone), zone=str)
    assert parameter.first(zone=zone).pk == user_id


@pytest.mark.django_db
def test_a_parameter_that_the_query_lacks_is_refused():
    query = PreparedQuery(lambda pk, name: User.objects.filter(pk=pk), pk=UUID, name=str)
    with pytest.raises(ValueError, match="name"):
        query.first(pk=uuid7(), name="x")


@pytest.mark.django_db
def test_it_is_counted_and_prepared_by_the_server(django_assert_num_queries):
    with django_assert_num_queries(1):
        BY_ID.first(pk=uuid7())
    ((prepared,),) = execute_prepared(
        connection,
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s",
        ['%FROM "users"%person_keys%'],
    )
    assert prepared >= 1


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_transactions_only():
    user_id = UserFactory().pk
    locked = PreparedQuery(lambda pk: User.objects.select_for_update().filter(pk=pk), pk=UUID)
    with transaction.atomic():
        assert locked.first(pk=user_id).pk == user_id
    with pytest.raises(TransactionManagementError):
        locked.first(pk=user_id)


@pytest.mark.django_db
def test_errors_are_those_of_django():
    with pytest.raises(DatabaseError), transaction.atomic():
        execute_prepared(connection, "SELECT 1 / %s::int", [0])


@pytest.mark.django_db(transaction=True)
def test_threads_with_connections_of_their_own_get_their_rows():
    users = people(8)
    wrong = []

    def look(user_id):
        try:
            wrong.extend(user_id for _ in range(50) if BY_ID.first(pk=user_id).pk != user_id)
        finally:
            connection.close()

    threads = [threading.Thread(target=look, args=[user_id]) for user_id in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
