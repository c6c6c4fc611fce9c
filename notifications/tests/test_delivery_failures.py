"""Failed emails are tried again at growing intervals, then marked as failed."""

import smtplib
from datetime import timedelta

import psycopg
import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import OperationalError, connection

from evently.database.ids import uuid7
from evently.tests.database import url_of
from notifications.factories import NotificationFactory
from notifications.models import EmailDelivery
from notifications.operations import attempts, resending
from notifications.operations.resending import Resent
from notifications.tests.delivering import deliver, delivery_of, reread

pytestmark = pytest.mark.django_db


class FailingBackend(EmailBackend):
    error: Exception | None = None
    at_open: Exception | None = None

    def open(self):
        if FailingBackend.at_open:
            raise FailingBackend.at_open

    def send_messages(self, messages):
        if FailingBackend.error:
            raise FailingBackend.error
        return super().send_messages(messages)


@pytest.fixture
def failing(settings):
    """Let the mail server fail with the error that the test sets."""
    settings.EMAIL_BACKEND = f"{__name__}.FailingBackend"
    yield FailingBackend
    FailingBackend.error = FailingBackend.at_open = None


def refused(code):
    return smtplib.SMTPRecipientsRefused({"ada@example.org": (code, b"no <ada@example.org>")})


def test_failed_email_is_due_again_later(failing, mailoutbox, clock):
    clock.stop()
    failing.error = smtplib.SMTPServerDisconnected("gone")
    notification = NotificationFactory()

    deliver(notification)

    log, after = delivery_of(notification), reread(notification)
    assert (log.status, log.send_attempts, log.attempt) == ("pending", 1, None)
    assert log.error_message == "SMTPServerDisconnected"
    assert after.status == "pending"
    assert after.next_attempt_at == log.next_attempt_at
    pause = log.next_attempt_at - log.last_attempt_at
    # 30 s give or take a quarter.
    assert timedelta(seconds=22.5) <= pause <= timedelta(seconds=37.5)

    failing.error = None
    deliver(notification)
    assert mailoutbox == [], "it is not due yet"

    EmailDelivery.objects.update(next_attempt_at=notification.created_at)
    deliver(notification)
    assert len(mailoutbox) == 1
    assert delivery_of(notification).metadata.get("maybeRepeated") is None


def test_pauses_triple_up_to_six_hours():
    pauses = [
        [attempts.pause_after(count) for _ in range(200)]
        for count in range(1, attempts.MOST_ATTEMPTS)
    ]
    wanted = [30, 90, 270, 810, 2_430, 7_290, 21_600, 21_600, 21_600]

    for some, seconds in zip(pauses, wanted, strict=True):
        assert min(some) >= timedelta(seconds=seconds * 0.75)
        assert max(some) <= timedelta(seconds=seconds * 1.25)
        assert len(set(some)) > 100


def test_email_has_failed_after_the_last_attempt(failing):
    failing.error = OSError(111, "Connection refused")
    notification = NotificationFactory()
    for _ in range(attempts.MOST_ATTEMPTS + 2):
        EmailDelivery.objects.update(next_attempt_at=notification.created_at)
        deliver(notification)

    log = delivery_of(notification)
    assert (log.status, log.send_attempts) == ("failed", attempts.MOST_ATTEMPTS)
    assert log.error_message == "ConnectionRefusedError 111"
    assert reread(notification).status == "failed"


@pytest.mark.parametrize(
    ("error", "for_good", "message"),
    [
        (refused(550), True, "SMTPRecipientsRefused 550"),
        (refused(450), False, "SMTPRecipientsRefused 450"),
        (smtplib.SMTPDataError(554, b"spam from ada@example.org"), True, "SMTPDataError 554"),
        (smtplib.SMTPDataError(451, b"later"), False, "SMTPDataError 451"),
        (smtplib.SMTPSenderRefused(553, b"who?", "us"), False, "SMTPSenderRefused 553"),
        (smtplib.SMTPAuthenticationError(535, b"no"), False, "SMTPAuthenticationError 535"),
        (TimeoutError("ada@example.org"), False, "TimeoutError"),
        (ValueError("ada@example.org"), True, "ValueError"),
    ],
)
def test_error_is_logged_without_email_address_and_classified(failing, error, for_good, message):
    failing.error = error
    notification = NotificationFactory()

    deliver(notification)

    log = delivery_of(notification)
    assert log.error_message == message
    assert log.status == ("failed" if for_good else "pending")


def test_rest_of_a_batch_waits_while_the_server_is_down(failing):
    failing.at_open = ConnectionRefusedError(111, "Connection refused")
    first, second, third = NotificationFactory.create_batch(3)

    deliver(first, second, third)

    assert delivery_of(first).error_message == "ConnectionRefusedError 111"
    assert EmailDelivery.objects.count() == 1
    assert reread(second).status == reread(third).status == "pending"


def test_a_defect_in_one_email_does_not_hold_up_the_others(mailoutbox, log_output):
    broken = NotificationFactory(
        type="booking_confirm", event_id=uuid7(), data={"booking": "not an id"}
    )
    good = NotificationFactory()

    deliver(broken, good)

    assert [email.to for email in mailoutbox] == [[good.user.email]]
    assert [entry["event"] for entry in log_output.entries] == ["delivery_failed"]
    assert reread(broken).status == "pending"


@pytest.mark.django_db(transaction=True)
def test_rest_of_a_batch_is_left_alone_while_the_database_is_down(mailoutbox):
    first, second = NotificationFactory.create_batch(2)
    with psycopg.connect(url_of()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])

    with pytest.raises(OperationalError):
        deliver(first, second)

    connection.close()
    assert mailoutbox == []
    deliver(first, second)
    assert len(mailoutbox) == 2


@pytest.mark.django_db(transaction=True)
def test_failed_emails_are_sent_again_on_request(failing, mailoutbox):
    failing.error = refused(550)
    failed, fine = NotificationFactory.create_batch(2)
    deliver(failed)
    failing.error = None
    deliver(fine)
    failed_id = delivery_of(failed).pk

    assert resending.send_again(delivery_ids=[failed_id], by_id=None) == Resent(sent=1)
    assert resending.send_again(delivery_ids=[failed_id], by_id=None) == Resent(waiting=1)
    deliver(failed, fine)

    assert len(mailoutbox) == 2
    assert delivery_of(failed).status == "sent"
    assert reread(failed).status == "sent"


@pytest.mark.django_db(transaction=True)
def test_send_again_opens_its_own_transaction():
    notification = NotificationFactory(status="failed")
    log = EmailDelivery.objects.create(
        notification_id=notification.pk,
        user=notification.user,
        template_type="notification",
        status="bounced",
        send_attempts=10,
        error_message="x",
    )

    result = resending.send_again(delivery_ids=[log.pk, notification.pk], by_id=None)
    assert result == Resent(sent=1, gone=1)

    log.refresh_from_db()
    assert (log.status, log.send_attempts, log.error_message) == ("pending", 0, "")
    assert reread(notification).status == "pending"
