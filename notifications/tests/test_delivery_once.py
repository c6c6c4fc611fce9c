"""Each mail goes out once, however often and by however many it is tried."""

import pytest

from evently.accounts.factories import UserFactory
from notifications import tasks
from notifications.emails.message import message_id_of
from notifications.factories import NotificationFactory
from notifications.models import EmailDelivery
from notifications.operations import attempts, delivering
from notifications.tests.delivering import deliver, mail_of, reread

pytestmark = pytest.mark.django_db


def test_deliver_sends_the_mail_and_writes_it_down(mailoutbox):
    notification = NotificationFactory(data={"reference": "EVT1"})

    deliver(notification)

    (mail,) = mailoutbox
    assert mail.to == [notification.user.email]
    assert mail.extra_headers["Message-ID"] == message_id_of(notification.pk)
    assert reread(notification).status == "sent"
    assert reread(notification).sent_at is not None
    log = mail_of(notification)
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
        tasks.deliver(str(notification.pk), str(notification.user_id))
    tasks.deliver_many([[str(notification.pk), str(notification.user_id)]] * 3)

    assert len(mailoutbox) == 1
    assert mail_of(notification).send_attempts == 1


def test_deliver_bears_messages_that_are_gone(mailoutbox):
    user = UserFactory()

    delivering.deliver_all([(user.pk, user.pk)])

    assert mailoutbox == []


def test_deliver_leaves_an_attempt_that_just_began_to_whoever_began_it(mailoutbox):
    notification = NotificationFactory()
    attempt = attempts.begin(
        notification, notification.user, template_type="notification", message_id="<a@b>"
    )

    deliver(notification)

    assert attempt is not None
    assert mailoutbox == []
    assert mail_of(notification).send_attempts == 1


def test_an_attempt_that_never_ended_is_taken_over_and_marked(mailoutbox):
    notification = NotificationFactory()
    attempts.begin(
        notification, notification.user, template_type="notification", message_id="<a@b>"
    )
    EmailDelivery.objects.update(next_attempt_at=notification.created_at)

    deliver(notification)

    assert len(mailoutbox) == 1
    log = mail_of(notification)
    assert (log.status, log.send_attempts) == ("sent", 2)
    assert log.may_be_repeated


def test_an_attempt_that_was_overtaken_sends_nothing(mailoutbox):
    notification = NotificationFactory()
    kind = {"template_type": "notification", "message_id": "<a@b>"}
    first = attempts.begin(notification, notification.user, **kind)
    EmailDelivery.objects.update(next_attempt_at=notification.created_at)
    second = attempts.begin(notification, notification.user, **kind)

    assert (attempts.hold(first), attempts.hold(second)) == (False, True)
    attempts.succeed(first)
    assert mail_of(notification).status == "pending"


def test_what_kills_whoever_tries_it_is_given_up(mailoutbox):
    notification = NotificationFactory()
    attempts.begin(
        notification, notification.user, template_type="notification", message_id="<a@b>"
    )
    EmailDelivery.objects.update(
        next_attempt_at=notification.created_at, send_attempts=attempts.MOST_ATTEMPTS
    )

    deliver(notification)

    assert mailoutbox == []
    assert mail_of(notification).error_message == delivering.GIVEN_UP
    assert reread(notification).status == "failed"
