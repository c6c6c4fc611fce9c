"""Messages are written once, in the transaction of the fact."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from evently.accounts.factories import UserFactory
from evently.database.ids import uuid7
from evently.tests.rows import people
from notifications.factories import NotificationFactory
from notifications.models import Channel, MessageKey, MessageType, Notification
from notifications.operations import partitions, reading
from notifications.operations.creating import GRACE_SECONDS, Message, notify

pytestmark = pytest.mark.django_db


def said(user_id, key="greeting", **changes):
    given = {"type": MessageType.NOTIFICATION, "text": "Hello"} | changes
    return Message(user_id=user_id, key=key, **given)


def test_notify_writes_key_and_message_in_one_statement(django_assert_num_queries):
    user, event_id = UserFactory(), uuid7()

    with django_assert_num_queries(1):
        (id_,) = notify(messages=[said(user.pk, event_id=event_id, data={"booking": event_id})])

    notification = Notification.objects.get()
    assert notification.pk == id_
    assert notification.event_id == event_id
    assert notification.data == {"booking": str(event_id)}
    assert notification.channels == ["in_app", "email"]
    assert notification.is_unread
    assert notification.next_attempt_at - notification.created_at == pytest.approx(
        timedelta(seconds=GRACE_SECONDS), abs=timedelta(seconds=1)
    )
    assert MessageKey.objects.get().notification_id == id_


def test_notify_writes_thousands_in_a_statement_each(django_assert_num_queries):
    ids = people(2_500)

    with django_assert_num_queries(2):
        new = notify(messages=[said(user_id) for user_id in ids])

    assert len(new) == 2_500
    assert Notification.objects.count() == 2_500


def test_notify_says_nothing_twice():
    user, other = UserFactory(), UserFactory()
    notify(messages=[said(user.pk)])

    new = notify(messages=[said(user.pk), said(other.pk), said(other.pk), said(user.pk, "else")])

    assert len(new) == 2
    assert Notification.objects.filter(user=user).count() == 2
    assert Notification.objects.filter(user=other).count() == 1


def test_notify_with_nothing_to_say_costs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert notify(messages=[]) == []


def test_a_message_by_mail_alone_is_not_in_the_inbox():
    user = UserFactory()
    notify(messages=[said(user.pk, channels=(Channel.EMAIL,))])

    notification = Notification.objects.get()

    assert notification.read
    assert not Notification.objects.inbox_of(user.pk).exists()


def test_a_message_shares_the_fate_of_its_fact():
    user = UserFactory()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notify(messages=[said(user.pk)])
        1 / 0  # noqa: B018

    assert not Notification.objects.exists()
    assert not MessageKey.objects.exists()
    assert notify(messages=[said(user.pk)])


def test_one_message_is_enqueued_after_the_commit(taken, django_capture_on_commit_callbacks):
    user = UserFactory()
    with django_capture_on_commit_callbacks(execute=True):
        (id_,) = notify(messages=[said(user.pk)])
        assert taken() == []

    assert taken() == [("notifications.tasks.deliver", [str(id_), str(user.pk)])]


def test_many_messages_are_enqueued_in_parts(taken, django_capture_on_commit_callbacks):
    ids = people(120)
    with django_capture_on_commit_callbacks(execute=True):
        notify(messages=[said(user_id) for user_id in ids])

    assert [(name, len(pairs)) for name, (pairs,) in taken()] == [
        ("notifications.tasks.deliver_many", 50),
        ("notifications.tasks.deliver_many", 50),
        ("notifications.tasks.deliver_many", 20),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_of_sixteen_threads_that_tell_the_same_one_does():
    users = [UserFactory().pk for _ in range(5)]
    barrier, new, problems = threading.Barrier(16), [], []

    def tell(order):
        try:
            barrier.wait()
            with transaction.atomic():
                new.extend(notify(messages=[said(user_id) for user_id in order]))
        except Exception as error:  # noqa: BLE001
            problems.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=tell, args=[users if number % 2 else users[::-1]])
        for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert len(new) == 5
    assert Notification.objects.count() == 5


# ── Reading ─────────────────────────────────────────────────────────────────
def test_mark_read_marks_one_and_may_be_repeated():
    first, second = NotificationFactory.create_batch(2, user=UserFactory())

    for _ in range(2):
        assert reading.mark_read(user_id=first.user_id, notification_id=first.pk).read

    assert [n.pk for n in Notification.objects.unread()] == [second.pk]


def test_mark_read_does_not_find_somebody_elses():
    other = NotificationFactory()

    with pytest.raises(reading.NotificationNotFound):
        reading.mark_read(user_id=UserFactory().pk, notification_id=other.pk)

    assert Notification.objects.get().is_unread


def test_mark_all_read_leaves_others_alone():
    user = UserFactory()
    NotificationFactory.create_batch(3, user=user)
    other = NotificationFactory()

    assert reading.mark_all_read(user_id=user.pk) == 3
    assert reading.mark_all_read(user_id=user.pk) == 0
    assert [n.pk for n in Notification.objects.unread()] == [other.pk]


# ── Partitions ──────────────────────────────────────────────────────────────
def test_make_partitions_warns_of_rows_that_lie_outside(log_output):
    NotificationFactory(created_at="2001-01-01T00:00Z")

    assert partitions.make_partitions() == 0

    assert log_output.entries == [
        {"event": "notifications_outside_partitions", "rows": 1, "log_level": "warning"}
    ]
