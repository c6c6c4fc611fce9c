"""Notifications and deliveries forged by plain SQL under the application's role are logged."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from evently.accounts.factories import UserFactory
from evently.audit.context import stamp
from evently.audit.models import AuditLog
from evently.tests.rows import insert
from evently.tests.sql import run

pytestmark = pytest.mark.django_db


def logged(table):
    rows = AuditLog.objects.filter(table_name=table).order_by("id")
    return [(row.action, row.signed) for row in rows]


@pytest.fixture
def user():
    return UserFactory()


def test_a_forged_notification_is_logged(user):
    insert("notifications", user_id=user.pk, type="notification", message="Your event moved")

    assert logged("notifications") == [("insert", False)]
    assert "moved" not in str(AuditLog.objects.get(table_name="notifications").after)


def test_an_email_suppressed_by_plain_sql_is_logged(user):
    stamp(connection)
    insert("notifications", user_id=user.pk, type="notification", message="a")
    assert logged("notifications") == []

    run("SET LOCAL evently.signature = ''")
    run("UPDATE notifications SET read = true")
    assert logged("notifications") == []
    run("UPDATE notifications SET status = 'sent', sent_at = '2001-01-01'")
    assert logged("notifications") == [("update", False)]


def test_a_forged_delivery_is_logged(user):
    run("SET LOCAL evently.signature = ''")
    insert("email_delivery_log", template_type="welcome", user_id=user.pk, status="delivered")
    run("UPDATE email_delivery_log SET created_at = '2001-01-01'")

    assert logged("email_delivery_log") == [("insert", False), ("update", False)]


def test_partitions_cannot_be_changed_past_the_triggers_of_their_table(user):
    insert("notifications", user_id=user.pk, type="notification", message="a")
    partitions = run(
        "SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r'"
    )

    assert partitions
    for (name,) in partitions:
        for statement in (f"DELETE FROM {name}", f"UPDATE {name} SET read = true"):
            with pytest.raises(DatabaseError) as caught, transaction.atomic():
                run(statement)
            assert isinstance(caught.value.__cause__, psycopg.errors.InsufficientPrivilege)
