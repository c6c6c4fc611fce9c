"""Each email is sent once, however often and by however many tasks it is tried."""

import threading

import pytest
from structlog.testing import capture_logs

from evently.accounts.factories import UserFactory
from evently.tests.database import as_owner, as_owner_at_once
from evently.tests.running import wait_for
from evently.tests.sql import WAITING_SESSIONS, run
from notifications.emails.message import message_id_of
from notifications.factories import NotificationFactory
from notifications.failures import GIVEN_UP
from notifications.kinds import KINDS
from notifications.models import EmailDelivery
from notifications.operations import attempts, delivering
from notifications.operations.taking import take
from notifications.presenters import present
from notifications.providers.sending import EmailConnection
from notifications.tests.delivering import deliver, deliver_due, delivery_of, reread

pytestmark = [pytest.mark.django_db, pytest.mark.race]

# The audit log has what is not signed.
UNSIGNED = """
    SELECT table_name, action FROM audit_log
    WHERE table_name = 'email_delivery_log'
        OR table_name = 'notifications' AND action <> 'insert'
"""


def test_deliver_sends_the_email_and_logs_it(mailoutbox):
    notification = NotificationFactory(data={"reference": "EVT1"})

    deliver(notification)

    (email,) = mailoutbox
    assert email.to == [notification.user.email]
    assert email.extra_headers["Message-ID"] == message_id_of(notification.pk)
    assert reread(notification).status == "sent"
    assert reread(notification).sent_at is not None
    log = delivery_of(notification)
    assert (log.status, log.send_attempts, log.attempt) == ("sent", 1, None)
    assert (log.template_type, log.provider) == ("notification", "smtp")
    assert log.recipient == notification.user.email
    assert log.metadata == {
        "messageId": message_id_of(notification.pk),
        "reference": "EVT1",
        "userId": str(notification.user_id),
    }


def test_deliver_sends_once_however_often_it_runs(mailoutbox):
    notification = NotificationFactory()

    for _ in range(3):
        deliver(notification)
        deliver_due()
    deliver(*[notification] * 3)

    assert len(mailoutbox) == 1
    assert delivery_of(notification).send_attempts == 1


def test_deliver_ignores_deleted_notifications(mailoutbox):
    user = UserFactory()

    delivering.deliver_all([(user.pk, user.pk)])

    assert mailoutbox == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", [0, 1])
def test_account_is_deleted_as_its_email_begins(mailoutbox, place):
    """As that of the first begins, or of one that begins with the end of another."""
    run("SET lock_timeout = '20s'")
    waiting = [NotificationFactory() for _ in range(3)]
    with EmailConnection() as email_connection, as_owner() as owner, capture_logs() as lines:
        delivery = delivering.Delivery(waiting, email_connection)
        owner.execute("DELETE FROM users WHERE id = %s", [waiting.pop(place).user_id])

        def commit():
            assert wait_for(lambda: as_owner_at_once(WAITING_SESSIONS))
            owner.commit()

        committing = threading.Thread(target=commit)
        committing.start()
        delivery.run()
        committing.join()

    assert [email.to for email in mailoutbox] == [[one.user.email] for one in waiting]
    assert [reread(one).status for one in waiting] == ["sent", "sent"]
    assert [line for line in lines if line["log_level"] in ("error", "critical")] == []


def test_deliver_does_nothing_while_another_attempt_is_under_way(mailoutbox):
    notification = NotificationFactory()
    attempt = attempts.begin(
        notification,
        notification.user,
        address="ada@example.org",
        template_type="notification",
        message_id="<a@b>",
    )

    deliver(notification)

    assert attempt is not None
    assert mailoutbox == []
    assert delivery_of(notification).send_attempts == 1


def test_attempt_that_never_ended_is_followed_by_another_and_recorded(mailoutbox):
    notification = NotificationFactory()
    attempts.begin(
        notification,
        notification.user,
        address="ada@example.org",
        template_type="notification",
        message_id="<a@b>",
    )
    EmailDelivery.objects.update(next_attempt_at=notification.created_at)

    deliver(notification)

    assert len(mailoutbox) == 1
    log = delivery_of(notification)
    assert (log.status, log.send_attempts) == ("sent", 2)
    assert log.may_be_repeated


def test_attempt_that_another_has_taken_over_sends_nothing(mailoutbox):
    notification = NotificationFactory()
    given = {"address": "ada@example.org", "template_type": "notification", "message_id": "<a@b>"}
    first = attempts.begin(notification, notification.user, **given)
    EmailDelivery.objects.update(next_attempt_at=notification.created_at)
    second = attempts.begin(notification, notification.user, **given)

    assert (attempts.hold(first), attempts.hold(second)) == (False, True)
    attempts.succeed(first)
    assert delivery_of(notification).status == "pending"


def test_email_after_one_that_another_has_taken_over_is_sent_at_once(mailoutbox, monkeypatch):
    monkeypatch.setattr(attempts, "BEGINNING_SECONDS", 0)
    first, second = NotificationFactory.create_batch(2)

    def take_over():
        EmailDelivery.objects.filter(notification_id=first.pk).update(attempt=first.pk)
        return False

    with delivering.EmailConnection() as connection:
        delivering.Delivery([first, second], connection, is_stopping=take_over).run()

    assert [email.to for email in mailoutbox] == [[second.user.email]]
    assert (delivery_of(first).attempt, reread(first).status) == (first.pk, "pending")
    assert reread(second).status == "sent"


def test_what_a_delivery_writes_is_signed(mailoutbox):
    notifications = NotificationFactory.create_batch(3)

    take()
    deliver(*notifications)

    assert len(mailoutbox) == 3
    assert run(UNSIGNED) == []


def test_email_whose_attempts_never_end_is_given_up(mailoutbox):
    notification = NotificationFactory()
    attempts.begin(
        notification,
        notification.user,
        address="ada@example.org",
        template_type="notification",
        message_id="<a@b>",
    )
    EmailDelivery.objects.update(
        next_attempt_at=notification.created_at, send_attempts=attempts.MOST_ATTEMPTS
    )

    deliver(notification)

    assert mailoutbox == []
    assert delivery_of(notification).error_message == GIVEN_UP
    assert reread(notification).status == "failed"


def test_unknown_kind_is_left_to_the_release_that_knows_it(mailoutbox, log_output, monkeypatch):
    notification, other = NotificationFactory(type="welcome"), NotificationFactory()
    # As in the worker of an older release, while a newer one is being deployed.
    monkeypatch.delitem(KINDS, "welcome")

    deliver(notification, other)

    assert [email.to for email in mailoutbox] == [[other.user.email]]
    assert reread(notification).status == "pending"
    assert {entry["event"] for entry in log_output.entries} >= {"unknown_kind"}
    assert present(notification).icon == "bell"
