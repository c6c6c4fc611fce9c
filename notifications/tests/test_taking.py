"""The rows are the queue: what is due is taken once, the most urgent first."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from evently.accounts.factories import UserFactory
from evently.audit.context import facts_for
from evently.tests.sql import run
from notifications import tasks
from notifications.factories import NotificationFactory
from notifications.kinds import KINDS, Urgency
from notifications.models import EmailDelivery, Notification
from notifications.operations.resending import WAITING
from notifications.operations.taking import TAKE, TAKEN_SECONDS, give_back, take
from notifications.tests.delivering import deliver

pytestmark = pytest.mark.django_db


def taken(**limits):
    return [each.pk for each in take(**limits)]


def test_due_rows_are_taken_once_a_minute(clock):
    due, later = NotificationFactory(), NotificationFactory()
    Notification.objects.filter(pk=later.pk).update(
        next_attempt_at=later.created_at + timedelta(minutes=5)
    )
    NotificationFactory(status="sent")
    NotificationFactory(status="failed")

    assert taken() == [due.pk]
    assert taken() == []

    clock.move(timedelta(seconds=TAKEN_SECONDS + 1))
    assert taken() == [due.pk]
    clock.move(timedelta(minutes=6))
    assert taken() == [due.pk, later.pk]


def test_what_is_given_back_is_due_at_once():
    notifications = NotificationFactory.create_batch(3)
    first, *rest = take()
    give_back(rest)

    assert first.pk == notifications[0].pk
    assert taken() == [each.pk for each in rest]
    give_back([])


def test_what_was_delivered_meanwhile_is_not_given_back(mailoutbox):
    notification = NotificationFactory()
    rows = take()
    deliver(notification)
    give_back(rows)

    assert taken() == []


def test_urgent_rows_are_taken_first():
    names = ["event_changed", "booking_confirm", "notification", "login_link", "waitlist_promotion"]
    by_kind = {name: NotificationFactory(type=name) for name in names}

    assert taken(most=2) == [by_kind["login_link"].pk, by_kind["waitlist_promotion"].pk]
    assert taken(least_urgent=Urgency.URGENT) == []
    assert taken(least_urgent=Urgency.SOON) == [by_kind["booking_confirm"].pk]
    assert taken() == [by_kind["event_changed"].pk, by_kind["notification"].pk]


def test_the_database_and_the_registry_agree_on_urgency():
    names = list(KINDS)
    rows = run("SELECT name, evently_email_urgency(name) FROM unnest(%s::text[]) AS name", [names])

    assert dict(rows) == {kind.name: int(kind.urgency) for kind in KINDS.values()}
    assert run("SELECT evently_email_urgency('of a newer release')") == [(2,)]


def test_old_partitions_are_not_looked_at():
    NotificationFactory(created_at="2020-01-01T00:00Z")

    assert taken() == []


@pytest.mark.django_db(transaction=True)
def test_taking_uses_the_clock_of_the_database(clock):
    due = NotificationFactory()
    clock.move(timedelta(days=35) - timedelta(minutes=1))
    assert taken() == [due.pk]

    clock.move(timedelta(days=35) + timedelta(minutes=2))
    assert taken() == []


def test_taking_reads_an_index_in_its_order():
    users = [UserFactory() for _ in range(3)]
    for number in range(300):
        NotificationFactory(user=users[number % 3], status="sent")
    with transaction.atomic(), connection.cursor() as cursor:
        # Whatever rows of other tests have left in the statistics of this table.
        for kind in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{kind} = off")
        values = {"least_urgent": 2, "most": 10, "seconds": 60, "context": facts_for(connection)}
        cursor.execute("EXPLAIN " + TAKE, values)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "Merge Append" in plan, plan
    assert "->  Sort" not in plan, plan
    assert "Sort Key: (evently_email_urgency" in plan or "urgency" in plan, plan
    assert "next_attempt_at <= " in plan, plan


def test_emails_that_wait_are_found_by_an_index():
    waiting = EmailDelivery.objects.filter(status__in=WAITING).order_by("-created_at", "-id")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "idx_delivery_waiting" in waiting[:50].explain()


def test_a_batch_needs_as_many_queries_as_one_email(mailoutbox, django_assert_max_num_queries):
    alone, *batch = NotificationFactory.create_batch(11)

    with django_assert_max_num_queries(15):
        deliver(alone)
    # Each is begun, sent and finished by itself; what they say is read for all together.
    with django_assert_max_num_queries(15 + 6 * 10):
        deliver(*batch)
    assert len(mailoutbox) == 11


# ── Where no mailer runs ────────────────────────────────────────────────────
def test_a_task_delivers_where_no_mailer_is_alive(mailoutbox, log_output, monkeypatch):
    notifications = NotificationFactory.create_batch(3)
    monkeypatch.setattr("evently.heartbeats.SEEN", "evently:test:seen")

    tasks.deliver_missed()

    assert len(mailoutbox) == len(notifications)
    assert [entry["delivered_here"] for entry in log_output.entries] == [3]


def test_a_task_leaves_the_emails_to_a_mailer_that_is_alive(mailoutbox, monkeypatch):
    NotificationFactory()
    monkeypatch.setattr("evently.heartbeats.SEEN", "evently:test:seen")
    from evently import heartbeats

    heartbeats.note(heartbeats.SEEN, "mailer:1@here")
    try:
        tasks.deliver_missed()
    finally:
        heartbeats.forget("mailer:1@here")

    assert mailoutbox == []


def test_tasks_of_the_release_before_do_nothing(mailoutbox):
    notification = NotificationFactory()

    tasks.deliver(str(notification.pk), str(notification.user_id))
    tasks.deliver_many([[str(notification.pk), str(notification.user_id)]])

    assert mailoutbox == []
