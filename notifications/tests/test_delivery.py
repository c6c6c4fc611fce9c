"""Each mail goes out once; what fails is tried again, later and later, then given up visibly."""

import smtplib
from datetime import timedelta

import pytest
from django.core.mail.backends.locmem import EmailBackend

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.privacy.keys import destroy_key
from evently.tests.rows import full_event, wait
from notifications import tasks
from notifications.factories import NotificationFactory
from notifications.letters.mail import message_id_of
from notifications.models import EmailDelivery, Notification
from notifications.operations import attempts, delivering, sweeping
from notifications.operations.resending import resend_failed

pytestmark = pytest.mark.django_db


class FailingBackend(EmailBackend):
    """Raises what a test says."""

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
    """Let the mail server fail as the test says."""
    settings.EMAIL_BACKEND = f"{__name__}.FailingBackend"
    yield FailingBackend
    FailingBackend.error = FailingBackend.at_open = None


def deliver(*notifications):
    delivering.deliver_all([(each.pk, each.user_id) for each in notifications])


def reread(notification):
    return Notification.objects.get(pk=notification.pk)


def mail_of(notification):
    return EmailDelivery.objects.get(notification_id=notification.pk)


def refused(code):
    return smtplib.SMTPRecipientsRefused({"ada@example.org": (code, b"no <ada@example.org>")})


# ── Once ────────────────────────────────────────────────────────────────────
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


# ── Whom, and which way ─────────────────────────────────────────────────────
def test_who_wants_no_mail_has_it_in_the_inbox(mailoutbox):
    notification = NotificationFactory(user__preferences={"notification": {"email": False}})

    deliver(notification)

    assert mailoutbox == []
    after = reread(notification)
    assert (after.status, after.channels, after.read) == ("delivered", ["in_app"], False)
    assert after.delivered_at is not None
    assert not EmailDelivery.objects.exists()


def test_who_wants_nothing_in_the_app_has_it_by_mail(mailoutbox):
    notification = NotificationFactory(user__preferences={"all": {"in_app": False}})

    deliver(notification)

    assert len(mailoutbox) == 1
    after = reread(notification)
    assert (after.status, after.channels, after.read) == ("sent", ["email"], True)


@pytest.mark.parametrize(
    "preferences",
    [
        {"welcome": {"email": False}},
        {"notification": {"email": "no"}},
        {"notification": False},
        {"notification": {"email": True}, "all": {"email": False}},
    ],
)
def test_what_was_not_said_clearly_is_wanted(preferences, mailoutbox):
    deliver(NotificationFactory(user__preferences=preferences))

    assert len(mailoutbox) == 1


def test_mails_of_the_account_go_whatever_was_said(mailoutbox):
    user = UserFactory(preferences={"all": {"email": False}})
    for type_ in ("password_reset", "login_link", "verify_address", "account_exists", "welcome"):
        deliver(NotificationFactory(user=user, type=type_, channels=["email"]))

    assert len(mailoutbox) == 5


def test_an_entry_decides_what_concerns_it(mailoutbox):
    event_id, _ = full_event()
    user = UserFactory()
    entry_id = wait(event_id, user_id=user.pk, notify_prefs='{"email": false}')

    deliver(
        NotificationFactory(
            user=user, event_id=event_id, type="waitlist_join", data={"entry": str(entry_id)}
        )
    )

    assert mailoutbox == []


def test_who_has_left_gets_no_mail_and_the_log_says_why(mailoutbox):
    notification = NotificationFactory()
    destroy_key(user_id=notification.user_id)

    deliver(notification)

    assert mailoutbox == []
    log = mail_of(notification)
    assert (log.status, log.error_message) == ("failed", delivering.LEFT)
    assert log.recipient_email is None
    assert reread(notification).status == "failed"


def test_a_mail_about_nothing_any_more_is_withdrawn(mailoutbox):
    notification = NotificationFactory(type="booking_confirm", data={})

    deliver(notification)

    assert mailoutbox == []
    assert reread(notification).status == "delivered"
    assert not EmailDelivery.objects.exists()


# ── Failing ─────────────────────────────────────────────────────────────────
def test_a_failed_mail_is_due_again_later(failing, mailoutbox):
    failing.error = smtplib.SMTPServerDisconnected("gone")
    notification = NotificationFactory()

    deliver(notification)

    log, after = mail_of(notification), reread(notification)
    assert (log.status, log.send_attempts, log.attempt) == ("pending", 1, None)
    assert log.error_message == "SMTPServerDisconnected"
    assert after.status == "pending"
    assert after.next_attempt_at == pytest.approx(log.next_attempt_at, abs=timedelta(seconds=1))
    pause = log.next_attempt_at - log.last_attempt_at
    assert timedelta(seconds=22) < pause < timedelta(seconds=39)

    failing.error = None
    deliver(notification)
    assert mailoutbox == [], "it was not due yet"

    EmailDelivery.objects.update(next_attempt_at=notification.created_at)
    deliver(notification)
    assert len(mailoutbox) == 1
    assert mail_of(notification).metadata.get("maybeRepeated") is None


def test_pauses_grow_threefold_up_to_six_hours():
    pauses = [
        [attempts.pause_after(count) for _ in range(200)]
        for count in range(1, attempts.MOST_ATTEMPTS)
    ]
    wanted = [30, 90, 270, 810, 2_430, 7_290, 21_600, 21_600, 21_600]

    for some, seconds in zip(pauses, wanted, strict=True):
        assert min(some) >= timedelta(seconds=seconds * 0.75)
        assert max(some) <= timedelta(seconds=seconds * 1.25)
        assert len(set(some)) > 100


def test_after_the_last_attempt_a_mail_has_failed_visibly(failing):
    failing.error = OSError(111, "Connection refused")
    notification = NotificationFactory()
    for _ in range(attempts.MOST_ATTEMPTS + 2):
        EmailDelivery.objects.update(next_attempt_at=notification.created_at)
        deliver(notification)

    log = mail_of(notification)
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
def test_an_error_is_told_without_the_address_and_judged(failing, error, for_good, message):
    failing.error = error
    notification = NotificationFactory()

    deliver(notification)

    log = mail_of(notification)
    assert log.error_message == message
    assert log.status == ("failed" if for_good else "pending")


def test_when_the_server_is_down_the_rest_of_a_batch_waits(failing):
    failing.at_open = ConnectionRefusedError(111, "Connection refused")
    first, second, third = NotificationFactory.create_batch(3)

    deliver(first, second, third)

    assert mail_of(first).error_message == "ConnectionRefusedError 111"
    assert EmailDelivery.objects.count() == 1
    assert reread(second).status == reread(third).status == "pending"


def test_a_slow_server_does_not_run_a_task_into_its_time_limit(mailoutbox, monkeypatch):
    monkeypatch.setattr(delivering, "BATCH_SECONDS", -1)

    deliver(*NotificationFactory.create_batch(2))

    assert mailoutbox == []


def test_failed_mails_are_sent_again_on_demand(
    failing, mailoutbox, django_capture_on_commit_callbacks
):
    failing.error = refused(550)
    failed, fine = NotificationFactory.create_batch(2)
    deliver(failed)
    failing.error = None
    deliver(fine)
    ids = [mail.pk for mail in EmailDelivery.objects.all()]

    from notifications.operations import resending

    assert resending._start_again(ids) == 1
    assert resending._start_again(ids) == 0
    deliver(failed, fine)

    assert len(mailoutbox) == 2
    assert mail_of(failed).status == "sent"
    assert reread(failed).status == "sent"


@pytest.mark.django_db(transaction=True)
def test_resend_failed_opens_a_transaction_of_its_own():
    notification = NotificationFactory(status="failed")
    log = EmailDelivery.objects.create(
        notification_id=notification.pk,
        user=notification.user,
        template_type="notification",
        status="bounced",
        send_attempts=10,
        error_message="x",
    )

    assert resend_failed(delivery_ids=[log.pk, notification.pk]) == 1

    log.refresh_from_db()
    assert (log.status, log.send_attempts, log.error_message) == ("pending", 0, "")
    assert reread(notification).status == "pending"


# ── The sweep ───────────────────────────────────────────────────────────────
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


def test_deliver_missed_hands_over_in_parts(monkeypatch):
    NotificationFactory.create_batch(60)
    parts = []
    monkeypatch.setattr(tasks.deliver_many, "delay", lambda pairs: parts.append(len(pairs)))

    tasks.deliver_missed()

    assert parts == [25, 25, 10]


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
