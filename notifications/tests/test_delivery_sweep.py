"""The periodic task finds undelivered notifications and enqueues them."""

from datetime import timedelta

import pytest

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from notifications import tasks
from notifications.factories import NotificationFactory
from notifications.models import Notification
from notifications.operations import sweeping
from notifications.tests.delivering import deliver

pytestmark = pytest.mark.django_db


def test_take_up_missed_returns_due_rows_once_a_minute(clock):
    due = NotificationFactory()
    later = NotificationFactory()
    Notification.objects.filter(pk=later.pk).update(
        next_attempt_at=later.created_at + timedelta(minutes=5)
    )
    NotificationFactory(status="sent")
    NotificationFactory(status="failed")

    assert sweeping.take_up_missed() == [(due.pk, due.user_id)]
    assert sweeping.take_up_missed() == []

    clock.move(timedelta(seconds=61))
    assert sweeping.take_up_missed() == [(due.pk, due.user_id)]
    clock.move(timedelta(minutes=6))
    assert len(sweeping.take_up_missed()) == 2


def test_take_up_missed_skips_old_partitions():
    NotificationFactory(created_at="2020-01-01T00:00Z")

    assert sweeping.take_up_missed() == []


@pytest.mark.django_db(transaction=True)
def test_take_up_missed_uses_the_clock_of_the_database(clock):
    due = NotificationFactory()
    clock.move(sweeping.RECENT - timedelta(minutes=1))
    assert sweeping.take_up_missed() == [(due.pk, due.user_id)]

    clock.move(sweeping.RECENT + timedelta(minutes=2))
    assert sweeping.take_up_missed() == []


def test_deliver_missed_enqueues_in_batches(taken):
    due = NotificationFactory.create_batch(60)

    tasks.deliver_missed()

    enqueued = taken()
    assert {name for name, _ in enqueued} == {"notifications.tasks.deliver_many"}
    parts = [pairs for _, (pairs,) in enqueued]
    assert [len(pairs) for pairs in parts] == [25, 25, 10]
    assert {tuple(pair) for pairs in parts for pair in pairs} == {
        (str(each.pk), str(each.user_id)) for each in due
    }


def test_take_up_missed_uses_an_index():
    from django.db import connection

    users = [UserFactory() for _ in range(3)]
    for number in range(300):
        NotificationFactory(user=users[number % 3], status="sent")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + sweeping.TAKE_UP, ["2020-01-01", 10, 60, "2020-01-01"])
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "next_attempt_at_idx" in plan or "idx_notifications_due" in plan, plan
    assert "Index Cond: (next_attempt_at <=" in plan, plan


def test_deliver_needs_few_queries(django_assert_max_num_queries):
    notification = NotificationFactory()
    User.objects.get(pk=notification.user_id)

    with django_assert_max_num_queries(12):
        deliver(notification)
