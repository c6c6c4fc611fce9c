"""A mail server that loses its answer, hangs, or hangs up: what is known is recorded."""

import os
import sys
from datetime import timedelta
from threading import Event

import psycopg
import pytest
from django.db import OperationalError, connection

from evently import metrics
from evently.tests.database import url_of
from evently.tests.running import PATIENCE_SECONDS, wait_for
from notifications.emails.message import message_id_of
from notifications.factories import NotificationFactory
from notifications.failures import failure_in_words
from notifications.models import EmailDelivery, Notification
from notifications.operations import attempts, delivering, resending
from notifications.providers.chain import Chain
from notifications.tests.delivering import deliver, deliver_due, delivery_of, reread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture
def impatient(settings, monkeypatch):
    """Wait for the mail server for a moment only."""
    settings.EMAIL_TIMEOUT = 1
    monkeypatch.setattr("notifications.emails.smtp.ANSWER_TIMEOUT_SECONDS", 1)


def counts_of(notifications):
    return {message_id_of(each.pk): 1 for each in notifications}


def test_email_whose_answer_was_lost_is_recorded_as_maybe_repeated(server, clock):
    lost, fine = NotificationFactory.create_batch(2)
    server.drops_after_data = 1

    deliver(lost, fine)

    log = delivery_of(lost)
    assert (log.status, log.send_attempts, log.error_message) == ("pending", 1, "AnswerLost")
    assert "did not say" in failure_in_words(log.error_message)
    assert reread(fine).status == "sent", "a connection that is closed does not stop the rest"

    clock.move(timedelta(minutes=1))
    deliver_due()

    log.refresh_from_db()
    assert (log.status, log.send_attempts, log.may_be_repeated) == ("sent", 2, True)
    assert server.counts == counts_of([fine]) | {message_id_of(lost.pk): 2}
    assert not delivery_of(fine).may_be_repeated


@pytest.mark.parametrize("pipelines", [True, False])
def test_connection_closed_before_the_email_repeats_nothing(server, clock, pipelines):
    server.pipelines = pipelines
    notification = NotificationFactory()
    server.drops_at_recipient = 1

    deliver(notification)
    assert delivery_of(notification).error_message == "SMTPServerDisconnected"
    clock.move(timedelta(minutes=1))
    deliver_due()

    log = delivery_of(notification)
    assert (log.status, log.send_attempts, log.may_be_repeated) == ("sent", 2, False)
    assert server.counts == counts_of([notification])


def test_server_that_hangs_after_an_email_is_down(server, impatient, clock):
    first, second = NotificationFactory.create_batch(2)
    server.hangs_after_data = 1

    deliver(first, second)

    assert delivery_of(first).error_message == "AnswerLost"
    assert not EmailDelivery.objects.filter(notification_id=second.pk).exists()
    clock.move(timedelta(minutes=1))
    deliver(first, second)
    assert delivery_of(first).may_be_repeated
    assert not delivery_of(second).may_be_repeated


def test_email_whose_acceptance_could_not_be_recorded_is_marked_when_it_is_repeated(server, clock):
    lost, following = NotificationFactory.create_batch(2)
    connection.ensure_connection()
    session = connection.connection.info.backend_pid

    def end_session():
        server.after_data = None
        with psycopg.connect(url_of()) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [session])

    server.after_data = end_session
    with pytest.raises(OperationalError):
        deliver(lost, following)
    connection.close()

    assert (delivery_of(lost).status, delivery_of(lost).send_attempts) == ("pending", 1)
    assert not EmailDelivery.objects.filter(notification_id=following.pk).exists()
    clock.move(timedelta(minutes=1))
    deliver_due()
    assert server.counts == counts_of([following]) | {message_id_of(lost.pk): 2}
    assert delivery_of(lost).may_be_repeated
    assert not delivery_of(following).may_be_repeated


def test_email_that_is_being_sent_is_left_alone(server, clock):
    slow = NotificationFactory()

    def another_tries():
        # In a thread of the mail server, so with a session of its own.
        server.after_data = None
        clock.move(timedelta(minutes=2))
        try:
            deliver_due()
            deliver(slow)
        finally:
            connection.close()

    server.after_data = another_tries
    deliver(slow)

    log = delivery_of(slow)
    assert (log.status, log.send_attempts, log.may_be_repeated) == ("sent", 1, False)
    assert server.counts == counts_of([slow])


def test_email_of_a_process_that_has_stopped_is_sent_by_another(server, clock):
    notification = NotificationFactory()

    def another_tries():
        server.after_data = None
        clock.move(timedelta(seconds=attempts.STOPPED_SECONDS + 1))
        try:
            deliver_due()
        finally:
            connection.close()

    server.after_data = another_tries
    deliver(notification)

    log = delivery_of(notification)
    assert (log.status, log.send_attempts, log.may_be_repeated) == ("sent", 2, True)
    assert server.counts == {message_id_of(notification.pk): 2}


def test_email_given_up_after_a_lost_answer_is_marked_when_it_is_sent_again(server, monkeypatch):
    monkeypatch.setattr("notifications.operations.attempts.MOST_ATTEMPTS", 1)
    notification = NotificationFactory()
    server.drops_after_data = 1
    deliver(notification)
    assert delivery_of(notification).status == "failed"

    resending.send_one_again(delivery_id=delivery_of(notification).pk, by_id=None)
    deliver_due()

    assert (delivery_of(notification).status, len(server.emails)) == ("sent", 2)
    assert delivery_of(notification).may_be_repeated


def test_session_that_the_server_has_closed_is_replaced(server):
    first, second = NotificationFactory.create_batch(2)

    def restart():
        server.after_data = None

    with delivering.EmailConnection() as kept:
        delivering.Delivery([first], kept).run()
        server.down()
        server.up()
        delivering.Delivery([second], kept).run()

    assert server.counts == counts_of([first, second])
    assert delivery_of(second).send_attempts == 1


# ── The breaker ─────────────────────────────────────────────────────────────
def test_breaker_lets_one_lane_try(monkeypatch, log_output):
    now = [100.0]
    monkeypatch.setattr("notifications.providers.breaker.time.monotonic", lambda: now[0])
    server = Chain.of_settings().links[0].breaker
    assert server.enter() is None

    server.failed("AnswerLost")
    server.failed("AnswerLost")
    assert (server.is_up, server.enter()) == (False, 0)
    assert metrics.mail_server_down._value.get() == 1
    now[0] += 1.1
    assert (server.enter(), server.enter()) == (1, 0)
    server.not_tried()
    assert server.enter() == 1
    server.failed("NoAnswer")
    now[0] += 1.1
    assert server.enter() == 0, "the second pause is longer"
    now[0] += 1.0
    assert server.enter() == 1
    server.answered()
    assert (server.is_up, server.enter()) == (True, None)
    assert metrics.mail_server_down._value.get() == 0
    assert [entry["event"] for entry in log_output.entries] == [
        "mail_server_down",
        "mail_server_down",
        "mail_server_up",
    ]


def test_lanes_deliver_all_once_the_server_answers_again(server, impatient, running_lanes):
    notifications = NotificationFactory.create_batch(30)
    server.hangs_after_data = 1
    lanes = running_lanes(number=2)

    assert wait_for(lambda: EmailDelivery.objects.filter(status="sent").count() == 29)
    assert lanes.are_working
    assert len(server.counts) == 30
    pending = Notification.objects.get(status="pending")
    assert delivery_of(pending).error_message == "AnswerLost"
    assert pending in notifications


def test_an_urgent_email_does_not_wait_for_bulk_mail_that_is_stuck(
    server, running_lanes, monkeypatch
):
    monkeypatch.setattr("notifications.emails.smtp.ANSWER_TIMEOUT_SECONDS", PATIENCE_SECONDS)
    # More than one lane takes.
    stuck = NotificationFactory.create_batch(25)
    released = Event()
    server.after_data = lambda: released.wait(PATIENCE_SECONDS)
    running_lanes(number=2)
    # Both lanes that send bulk mail wait for the server.
    assert wait_for(lambda: len(server.emails) == 2)

    urgent = NotificationFactory(type="login_link", channels=["email"])
    try:
        assert wait_for(lambda: len(server.emails) == 3)
        assert server.emails[-1]["Message-ID"] == message_id_of(urgent.pk)
    finally:
        released.set()
    assert wait_for(lambda: not Notification.objects.filter(status="pending").exists())
    assert server.counts == counts_of([urgent, *stuck])


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")
def test_all_lanes_but_the_urgent_one_give_way_to_other_processes(server, running_lanes):
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    urgent, *others = running_lanes(number=2, niceness=3).lanes

    def niceness_of(lane):
        return os.getpriority(os.PRIO_PROCESS, lane.native_id)

    assert wait_for(lambda: all(niceness_of(lane) == min(usual + 3, 19) for lane in others))
    assert niceness_of(urgent) == usual
    assert os.getpriority(os.PRIO_PROCESS, 0) == usual


def test_lanes_end_after_the_email_under_way(server, running_lanes):
    notifications = NotificationFactory.create_batch(12)
    lanes = running_lanes(number=1)
    server.after_data = lanes.stop
    assert wait_for(lambda: server.emails)
    lanes.join(seconds=60)

    sent = Notification.objects.filter(status="sent")
    assert server.counts == counts_of(sent)
    assert len(sent) < len(notifications)
    server.after_data = None
    deliver_due()
    assert server.counts == counts_of(notifications), "the rest was given back at once"
