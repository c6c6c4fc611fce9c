"""The sweep finds what was missed, and hands it over."""

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


def test_the_sweep_takes_up_what_is_due_once_a_minute(clock):
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


def test_the_sweep_does_not_look_into_old_partitions():
    NotificationFactory(created_at="2020-01-01T00:00Z")

    assert sweeping.take_up_missed() == []


@pytest.mark.django_db(transaction=True)
def test_the_sweep_looks_back_by_the_databases_clock(clock):
    due = NotificationFactory()
    clock.move(sweeping.RECENT - timedelta(minutes=1))
    assert sweeping.take_up_missed() == [(due.pk, due.user_id)]

    clock.move(sweeping.RECENT + timedelta(minutes=2))
    assert sweeping.take_up_missed() == []


def test_deliver_missed_hands_over_in_parts(taken):
    due = NotificationFactory.create_batch(60)

    tasks.deliver_missed()

    handed_over = taken()
    assert {name for name, _ in handed_over} == {"notifications.tasks.deliver_many"}
    parts = [pairs for _, (pairs,) in handed_over]
    assert [len(pairs) for pairs in parts] == [25, 25, 10]
    assert {tuple(pair) for pairs in parts for pair in pairs} == {
        (str(each.pk), str(each.user_id)) for each in due
    }


def test_the_sweep_finds_its_rows_by_an_index():
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


def test_deliver_costs_a_handful_of_statements(django_assert_max_num_queries):
    notification = NotificationFactory()
    User.objects.get(pk=notification.user_id)

    with django_assert_max_num_queries(11):
        deliver(notification)
