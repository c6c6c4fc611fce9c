"""The broker dies or hangs during bookings: they go on, and all users are notified afterwards."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
import redis
from django.core.cache import cache
from django.db import connection

from bookings.models import Booking
from bookings.operations import Canceller, book_seats, cancel_booking
from evently.accounts.factories import UserFactory
from evently.counters import Counters
from evently.embedded.processes import choose_port
from evently.embedded.valkey import Valkey
from evently.enqueue import _publisher_connection
from evently.environment import BASE_DIR
from evently.origin import Origin
from evently.tests.running import PATIENCE_SECONDS, home_for_tests, wait_for
from events.factories import EventFactory
from notifications import tasks
from notifications.emails.message import message_id_of
from notifications.models import Notification
from notifications.tests.queues import another_broker
from notifications.tests.test_smtp import environment_for
from waitlists.models import Promotion
from waitlists.operations import join_waitlist

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.slow,
]

BOOKINGS = 200
CLIENTS = 8


class Broker:
    """A separate Valkey that can be killed and restarted."""

    def __init__(self, home):
        home.mkdir(parents=True, exist_ok=True)
        self.valkey = Valkey(home, password="secret")
        self.valkey.port = choose_port(None, taken=set())
        self.url = f"redis://:secret@127.0.0.1:{self.valkey.port}/0"
        self.process = None

    def start(self):
        self.valkey.stop_leftover()
        self.valkey.prepare()
        self.process = self.valkey.start()
        assert wait_for(self.valkey.answers)

    def is_empty(self):
        """Tell whether workers have taken and finished all tasks."""
        with redis.Redis.from_url(self.url) as client:
            return not client.exists("celery", "mail", "unacked")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def hang(self):
        """Accept connections and data, as the kernel does by itself, and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def broker():
    with home_for_tests() as home:
        running = Broker(home)
        running.start()
        with another_broker(running.url):
            yield running
        running.kill()


@contextmanager
def celery_worker(broker, server):
    """Run a worker on the test's database, broker and mail server."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "evently", "worker", "-c", "2", "-l", "error"],
        env=environment_for(server) | {"REDIS_URL": broker.url},
        cwd=BASE_DIR,
    )
    try:
        yield worker
    finally:
        # It finishes its current tasks first.
        worker.send_signal(signal.SIGTERM)
        worker.wait(120)


def waits(log_output):
    """Return how many bookings tried to reach the broker in vain."""
    return len([entry for entry in log_output.entries if entry["event"] == "enqueue_failed"])


def test_broker_killed_all_book_and_each_user_is_notified_once(broker, server, clock, log_output):
    event, users = EventFactory(total_capacity=BOOKINGS), UserFactory.create_batch(BOOKINGS)
    problems = book_all(event, users, at_quarter=broker.kill)

    assert problems == []
    assert Booking.objects.filter(event=event, status="confirmed").count() == BOOKINGS
    assert waits(log_output) == 0, "bookings and their emails need no broker"
    offer = freed_and_offered()
    assert (offer.is_pending, offer.quantity) == (True, 1)

    broker.start()
    assert_each_is_notified_once(broker, server, clock)
    assert Notification.objects.filter(type="booking_confirm").count() == BOOKINGS + 1
    assert {user.email for user in users} <= {email["To"] for email in server.emails}
    assert offer.user.email in {email["To"] for email in server.emails}


def test_broker_hung_no_booking_waits_and_each_user_is_notified_once(
    broker, server, clock, log_output
):
    event, users = EventFactory(total_capacity=BOOKINGS), UserFactory.create_batch(BOOKINGS)
    problems = book_all(event, users, at_quarter=broker.hang)

    assert problems == []
    assert Booking.objects.filter(event=event, status="confirmed").count() == BOOKINGS
    assert waits(log_output) == 0, "bookings and their emails need no broker"
    # What does, does not wait as long as a worker does for its next task, which is 30 s.
    options = _publisher_connection(broker.url).transport_options
    assert (options["socket_connect_timeout"], options["socket_timeout"]) == (0.3, 0.5)
    offer = freed_and_offered()
    assert (offer.is_pending, offer.quantity) == (True, 1)

    broker.go_on()
    assert_each_is_notified_once(broker, server, clock)
    assert {user.email for user in users} <= {email["To"] for email in server.emails}
    assert offer.user.email in {email["To"] for email in server.emails}


def test_all_clients_of_a_hung_broker_give_up_soon(broker, settings, client):
    settings.REDIS_URL = broker.url
    settings.CACHES = settings.CACHES | {
        "default": settings.CACHES["default"] | {"LOCATION": broker.url}
    }
    cache.set("kept", 1)
    assert (cache.get("kept"), Counters().add("kept", seconds=60)) == (1, 1)
    broker.hang()
    # If a call waited without end, the broker would answer again, and the assertions would fail.
    rescue = threading.Timer(PATIENCE_SECONDS, broker.go_on)
    rescue.start()
    try:
        assert cache.get("kept") is None
        # Rate limits still work, counted in this process.
        hung = Counters()
        assert [hung.add("kept", seconds=60) for _ in range(1000)][-1] == 1000
        assert client.get("/readyz").json()["broker"]["status"] == "down"
        assert b"evently_queue_tasks" not in client.get("/metrics").content
    finally:
        rescue.cancel()
        broker.go_on()


def assert_each_is_notified_once(broker, server, clock):
    """Let a worker deliver, as no mailer runs, and compare with the mail server."""
    clock.move(timedelta(minutes=1))
    with celery_worker(broker, server):
        wait_for(lambda: tasks.deliver_missed.delay() and all_delivered(), seconds=180)
        # A second run, which must send nothing twice.
        tasks.deliver_missed.delay()
        assert wait_for(broker.is_empty, seconds=60)

    sent = Notification.objects.filter(status="sent")
    assert server.counts == {message_id_of(each.pk): 1 for each in sent}
    # Nothing is left except what had become obsolete: the confirmation of a booking that was
    # cancelled meanwhile, and the email about joining of a person who has an offer by now.
    left = Notification.objects.exclude(status="sent").values_list("type", "status")
    assert sorted(left) == [("booking_confirm", "delivered"), ("waitlist_join", "delivered")]


def all_delivered():
    time.sleep(1)
    return not Notification.objects.filter(status="pending").exists()


def freed_and_offered():
    """Cancel the only booking of an event that has a waitlist; return the offer."""
    event, waiting = EventFactory(total_capacity=1), UserFactory()
    booking = book_seats(event_id=event.pk, user_id=UserFactory().pk, quantity=1, origin=Origin())
    join_waitlist(event_id=event.pk, user_id=waiting.pk, quantity=1)
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)
    return Promotion.objects.get(event=event)


def book_all(event, users, *, at_quarter):
    """Book for each user, with concurrent clients; return the errors."""
    waiting, problems, lock = list(users), [], threading.Lock()

    def client():
        try:
            while True:
                with lock:
                    if not waiting:
                        return
                    user = waiting.pop()
                    if len(waiting) == len(users) * 3 // 4:
                        at_quarter()
                book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=Origin())
        except Exception as error:  # noqa: BLE001
            problems.append(error)
        finally:
            connection.close()

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return problems
