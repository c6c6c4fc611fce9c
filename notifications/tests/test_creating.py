"""Notifications are inserted once, in the transaction of the fact."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from evently.accounts.factories import UserFactory
from evently.database.ids import uuid7
from evently.tests.rows import people
from notifications.factories import NotificationFactory
from notifications.kinds import Category, Kind, UnknownKind
from notifications.kinds.general import GENERAL
from notifications.models import Channel, MessageKey, Notification
from notifications.operations import partitions, reading
from notifications.operations.creating import notify
from notifications.operations.taking import take

pytestmark = pytest.mark.django_db


def greeting(user_id, key="greeting", **changes):
    return GENERAL.message(user_id=user_id, key=key, text="Hello", **changes)


def test_notify_writes_key_and_message_in_one_statement(django_assert_num_queries):
    user, event_id = UserFactory(), uuid7()

    with django_assert_num_queries(1):
        (id_,) = notify(messages=[greeting(user.pk, event_id=event_id, data={"booking": event_id})])

    notification = Notification.objects.get()
    assert notification.pk == id_
    assert notification.event_id == event_id
    assert notification.data == {"booking": str(event_id)}
    assert notification.channels == ["in_app", "email"]
    assert notification.is_unread
    assert notification.next_attempt_at - notification.created_at < timedelta(seconds=1)
    assert MessageKey.objects.get().notification_id == id_


def test_notify_writes_thousands_in_a_statement_each(django_assert_num_queries):
    ids = people(2_500)

    with django_assert_num_queries(2):
        new = notify(messages=[greeting(user_id) for user_id in ids])

    assert len(new) == 2_500
    assert Notification.objects.count() == 2_500


def test_notify_leaves_out_keys_that_the_user_already_has():
    user, other = UserFactory(), UserFactory()
    notify(messages=[greeting(user.pk)])

    new = notify(
        messages=[
            greeting(user.pk),
            greeting(other.pk),
            greeting(other.pk),
            greeting(user.pk, "else"),
        ]
    )

    assert len(new) == 2
    assert Notification.objects.filter(user=user).count() == 2
    assert Notification.objects.filter(user=other).count() == 1


def test_notify_refuses_an_unknown_kind_before_anything_is_written():
    user = UserFactory()
    gossip = Kind(
        name="gossip",
        label="Gossip",
        category=Category.OTHER,
        channels=(Channel.EMAIL,),
        write_email=GENERAL.write_email,
    )

    with pytest.raises(UnknownKind, match="gossip"):
        notify(messages=[greeting(user.pk), gossip.message(user_id=user.pk, key="a", text="Hello")])

    assert not Notification.objects.exists()


def test_notify_without_messages_needs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert notify(messages=[]) == []


def test_message_by_email_only_is_not_in_the_inbox():
    user = UserFactory()
    notify(messages=[greeting(user.pk, channels=(Channel.EMAIL,))])

    notification = Notification.objects.get()

    assert notification.read
    assert not Notification.objects.inbox_of(user.pk).exists()


def test_notify_is_rolled_back_with_its_fact():
    user = UserFactory()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notify(messages=[greeting(user.pk)])
        1 / 0  # noqa: B018

    assert not Notification.objects.exists()
    assert not MessageKey.objects.exists()
    assert notify(messages=[greeting(user.pk)])


def test_messages_need_no_broker(taken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        new = notify(messages=[greeting(user_id) for user_id in people(120)])

    assert (callbacks, taken()) == ([], [])
    assert {each.pk for each in take(most=200)} == set(new)


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_of_sixteen_threads_that_send_the_same_message_one_inserts_it():
    users = [UserFactory().pk for _ in range(5)]
    barrier, new, problems = threading.Barrier(16), [], []

    def work(order):
        try:
            barrier.wait()
            with transaction.atomic():
                new.extend(notify(messages=[greeting(user_id) for user_id in order]))
        except Exception as error:  # noqa: BLE001
            problems.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=work, args=[users if number % 2 else users[::-1]])
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


def test_mark_read_does_not_find_those_of_other_users():
    other = NotificationFactory()

    with pytest.raises(reading.NotificationNotFound):
        reading.mark_read(user_id=UserFactory().pk, notification_id=other.pk)

    assert Notification.objects.get().is_unread


def test_mark_all_read_changes_no_other_user():
    user = UserFactory()
    NotificationFactory.create_batch(3, user=user)
    other = NotificationFactory()

    assert reading.mark_all_read(user_id=user.pk) == 3
    assert reading.mark_all_read(user_id=user.pk) == 0
    assert [n.pk for n in Notification.objects.unread()] == [other.pk]


# ── Partitions ──────────────────────────────────────────────────────────────
def test_make_partitions_warns_of_rows_in_the_default_partition(log_output):
    NotificationFactory(created_at="2001-01-01T00:00Z")

    assert partitions.make_partitions() == 0

    assert log_output.entries == [
        {"event": "notifications_outside_partitions", "rows": 1, "log_level": "warning"}
    ]
