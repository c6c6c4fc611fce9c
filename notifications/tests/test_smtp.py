"""Emails through a real mail server: in parallel, while it is down, and with killed workers."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection

from bookings.factories import BookingFactory
from bookings.operations import book_seats
from evently.accounts.factories import UserFactory
from evently.environment import BASE_DIR
from evently.origin import Origin
from evently.tests.database import url_of
from evently.tests.sql import run
from events.factories import EventFactory
from notifications.emails.message import message_id_of
from notifications.emails.smtp import Session
from notifications.factories import NotificationFactory
from notifications.kinds.bookings import booking_confirmed
from notifications.models import EmailDelivery, Notification
from notifications.operations import delivering
from notifications.operations.creating import notify
from notifications.tests.delivering import deliver, deliver_due

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


def in_threads(count, work):
    barrier, problems = threading.Barrier(count), []

    def one():
        try:
            barrier.wait()
            work()
        except Exception as error:  # noqa: BLE001
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_confirmation_arrives_complete(server):
    booking = BookingFactory(event__priced=20, event__name="Jazz", quantity=2)
    notify(messages=[booking_confirmed(booking)])

    deliver(Notification.objects.get())

    (email,) = server.emails
    notification = Notification.objects.get()
    assert email["Message-ID"] == message_id_of(notification.pk)
    assert email["Subject"] == "Your booking for Jazz: 2 seats"
    assert email["Auto-Submitted"] == "auto-generated"
    kinds = [part.get_content_type() for part in email.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "image/png", "image/png", "text/calendar"]
    html = email.get_body(("html",)).get_content()
    for part in email.walk():
        if part.get_content_type() == "image/png":
            assert f"cid:{str(part['Content-ID']).strip('<> ')}" in html
            assert part.get_content_disposition() == "inline"
            assert part.get_payload(decode=True).startswith(b"\x89PNG")
    assert "€40.00 due at the entrance." in email.get_body(("plain",)).get_content()
    assert email.get_body(("plain",)).get_content().count("/t/") == 2


@pytest.mark.parametrize("pipelines", [True, False])
def test_commands_are_given_at_once_where_the_server_allows_it(server, pipelines, monkeypatch):
    server.pipelines = pipelines
    trips, send = [], Session.send
    monkeypatch.setattr(Session, "send", lambda self, said: trips.append(said) or send(self, said))

    deliver(*NotificationFactory.create_batch(2))

    assert len(server.emails) == 2
    at_once = [said for said in trips if isinstance(said, str) and said.endswith("\r\ndata\r\n")]
    assert len(at_once) == (2 if pipelines else 0)


def test_of_many_workers_on_one_notification_one_sends(server):
    notification = NotificationFactory()
    server.after_data = lambda: time.sleep(0.2)

    in_threads(8, lambda: deliver(notification))

    assert server.counts == {message_id_of(notification.pk): 1}
    log = EmailDelivery.objects.get()
    assert (log.status, log.send_attempts, log.may_be_repeated) == ("sent", 1, False)


def test_worker_does_not_wait_while_another_sends(server, clock):
    notification = NotificationFactory()

    def another_starts():
        server.after_data = None
        clock.move(timedelta(seconds=20))
        # The first one gets its answer from the server only after this one is done.
        in_threads(1, lambda: deliver(notification))

    server.after_data = another_starts
    deliver(notification)

    assert server.counts == {message_id_of(notification.pk): 1}
    log = EmailDelivery.objects.get()
    assert (log.status, log.send_attempts, log.may_be_repeated) == ("sent", 1, False)


def test_of_many_sweeps_each_email_is_sent_once(server):
    notifications = NotificationFactory.create_batch(40)

    in_threads(4, deliver_due)

    assert server.counts == {message_id_of(each.pk): 1 for each in notifications}
    # One connection per batch, not per email.
    assert server.connections <= 4


def test_marking_as_read_does_not_wait_for_the_email(server):
    notification = NotificationFactory()

    def read_meanwhile():
        run("SET lock_timeout = '20s'")
        Notification.objects.filter(pk=notification.pk).update(read=True)

    # The server accepts the email only after this update, which a lock held until then would block.
    server.after_data = lambda: in_threads(1, read_meanwhile)
    deliver(notification)

    notification.refresh_from_db()
    assert (notification.status, notification.read) == ("sent", True)


def test_while_the_mail_server_is_down_bookings_go_on_and_emails_follow(server, clock):
    event, users = EventFactory(total_capacity=20), UserFactory.create_batch(20)
    for user in users:
        book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=Origin())
    assert server.connections == 0, "booking does not connect to the mail server"
    server.down()
    clock.move(timedelta(minutes=1))
    deliver_due()
    assert EmailDelivery.objects.get().error_message == "ConnectionRefusedError 111"

    server.up()
    for minutes in (3, 5):
        clock.move(timedelta(minutes=minutes))
        deliver_due()

    ids = Notification.objects.values_list("pk", flat=True)
    assert server.counts == {message_id_of(id_): 1 for id_ in ids}
    assert set(Notification.objects.values_list("status", flat=True)) == {"sent"}


def test_slow_server_does_not_use_up_the_time_limit_of_a_task(server):
    first, second = NotificationFactory.create_batch(2)
    server.after_data = lambda: time.sleep(3)

    delivering.deliver_all([(first.pk, first.user_id), (second.pk, second.user_id)], seconds=2)

    assert server.counts == {message_id_of(first.pk): 1}
    second.refresh_from_db()
    assert second.status == "pending"


@pytest.mark.parametrize("pipelines", [True, False])
def test_permanently_refused_recipient_does_not_delay_others(server, pipelines):
    server.pipelines = pipelines
    refused, fine = NotificationFactory.create_batch(2)
    server.recipient_answer = "550 5.1.1 <person@example.org> no such person"
    deliver(refused)
    server.recipient_answer = ""
    deliver(fine)

    log = EmailDelivery.objects.get(notification_id=refused.pk)
    assert (log.status, log.error_message) == ("failed", "SMTPRecipientsRefused 550")
    assert server.counts == {message_id_of(fine.pk): 1}


@pytest.mark.parametrize("pipelines", [True, False])
def test_temporary_failure_is_tried_again(server, clock, pipelines):
    server.pipelines = pipelines
    notification = NotificationFactory()
    server.data_answer = "451 4.3.0 try again later"
    deliver(notification)
    server.data_answer = ""
    clock.move(timedelta(minutes=2))
    deliver_due()

    log = EmailDelivery.objects.get()
    assert (log.status, log.send_attempts, log.may_be_repeated) == ("sent", 2, False)
    assert len(server.emails) == 1


def environment_for(server):
    url = url_of()
    return os.environ | {
        "DATABASE_URL": url,
        "DATABASE_OWNER_URL": url,
        "EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
        "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL",
    }


def test_killed_between_acceptance_and_commit_it_is_sent_twice_under_one_id(server, clock):
    notification = NotificationFactory()
    code = (
        "import django; django.setup(); import sys; from uuid import UUID\n"
        "from notifications.operations import delivering\n"
        "delivering.deliver_all([(UUID(sys.argv[1]), UUID(sys.argv[2]))])"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code, str(notification.pk), str(notification.user_id)],
        env=environment_for(server) | {"DJANGO_SETTINGS_MODULE": "evently.settings"},
        cwd=BASE_DIR,
    )
    server.after_data = lambda: os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(120) == -signal.SIGKILL
    server.after_data = None
    assert len(server.emails) == 1
    log = EmailDelivery.objects.get()
    assert (log.status, log.send_attempts) == ("pending", 1)

    clock.move(timedelta(seconds=20))
    deliver_due()

    assert server.counts == {message_id_of(notification.pk): 2}
    log.refresh_from_db()
    assert (log.status, log.send_attempts, log.may_be_repeated) == ("sent", 2, True)


def test_mailer_killed_in_a_batch_repeats_only_the_email_under_way(server, clock):
    notifications = NotificationFactory.create_batch(20)
    mailer = subprocess.Popen(
        [sys.executable, "manage.py", "deliver_emails", "--lanes", "1"],
        env=environment_for(server),
        cwd=BASE_DIR,
    )

    def kill_at_the_tenth():
        if len(server.emails) == 10:
            os.kill(mailer.pid, signal.SIGKILL)

    server.after_data = kill_at_the_tenth
    assert mailer.wait(120) == -signal.SIGKILL
    server.after_data = None
    (under_way,) = EmailDelivery.objects.filter(status="pending")

    clock.move(timedelta(seconds=70))
    deliver_due()

    repeated = message_id_of(under_way.notification_id)
    wanted = {message_id_of(each.pk): 1 for each in notifications}
    assert server.counts == wanted | {repeated: 2}
    marked = [row for row in EmailDelivery.objects.all() if row.may_be_repeated]
    assert marked == [under_way]
