"""`script/server` as a service: it reloads, drains, and shares work with other servers."""

import http.client
import os
import signal
import threading
import time
from contextlib import ExitStack

import pytest
from django.conf import settings

from evently import heartbeats
from evently.redis_client import redis_client
from evently.scheduler import LEASE, LEASE_SECONDS
from evently.tests.database import as_owner, url_of
from evently.tests.running import (
    PATIENCE_SECONDS,
    Running,
    home_for_tests,
    processes_of,
    production,
    wait_for,
)
from evently.tests.sql import WAITING_SESSIONS

pytestmark = [pytest.mark.slow, pytest.mark.processes]


@pytest.fixture
def start():
    """Start supervisors with homes of their own; after the test, all their processes end."""
    with ExitStack() as folders:
        started = []

        def start_one(*roles, more=None, home=None, started_before=False):
            home = home or folders.enter_context(home_for_tests(started_before=started_before))
            running = Running(home, more=more or {})
            running.command = [*running.command, *roles]
            started.append(running.start())
            return running

        yield start_one
        for running in reversed(started):
            running.kill_everything()


@pytest.fixture
def shared(transactional_db):
    """Return the variables of several servers that share the test's database and broker."""
    with redis_client(timeout_seconds=5) as client:
        forget(client)
        yield production() | {
            "DATABASE_URL": url_of("default"),
            "DATABASE_OWNER_URL": url_of("owner"),
            "REDIS_URL": settings.REDIS_URL,
        }
        forget(client)


def forget(client):
    queues = [queue.name for queue in settings.CELERY_TASK_QUEUES]
    client.delete(LEASE, heartbeats.SEEN, heartbeats.SENT, heartbeats.SUCCEEDED, *queues)


def named(home, part):
    return {pid for pid, command in processes_of(home).items() if part in command}


class Hammer:
    """Clients that request a page all the time, half of them over kept connections."""

    def __init__(self, port, clients=4):
        self.port, self.answered, self.failures = port, 0, []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=[number % 2 == 0]) for number in range(clients)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, keep):
        connection = None
        while not self._stop.is_set():
            connection = connection or http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=60
            )
            try:
                connection.request("GET", "/healthz")
                response = connection.getresponse()
                response.read()
                self._note(response.status, None)
            except (OSError, http.client.HTTPException) as error:
                self._note(0, error)
                response = None
            # As a proxy does: a connection that the server wants to close is not used again.
            if response is None or response.will_close or not keep:
                connection.close()
                connection = None
            # Others need the cores, too.
            self._stop.wait(0.01)
        if connection is not None:
            connection.close()

    def _note(self, status, error):
        with self._lock:
            if status == 200:
                self.answered += 1
            else:
                self.failures.append((status, repr(error)))


def counted(running):
    """Return how many requests of the hammer the metrics count."""
    wanted = 'evently_http_requests_total{method="GET",route="healthz",status="200"} '
    status, text = running.get("/metrics")
    if status == 0:  # no answer, which the hammer looks for; that is no count of zero
        status, text = running.get("/metrics")
    assert status == 200, text
    for line in text.splitlines():
        if line.startswith(wanted):
            return float(line.removeprefix(wanted))
    return 0.0


def test_reload_refuses_and_drops_no_request_and_loses_no_count(start):
    running = start(more={"DEMO": "false"}, started_before=True).await_ready()
    assert wait_for(lambda: named(running.home, "beat"))
    counts = []
    with Hammer(running.port) as hammer:
        for number in (1, 2):
            before = named(running.home, "gunicorn")
            running.process.send_signal(signal.SIGHUP)
            assert wait_for(lambda n=number: running.said().count("Reloaded.") == n), running.said()
            assert wait_for(
                lambda old=before: (
                    counts.append(counted(running)) or not old & named(running.home, "gunicorn")
                )
            )
        # A worker that is killed takes no counts with it.
        os.kill(max(named(running.home, "gunicorn")), signal.SIGTERM)
        counts += [counted(running) for _ in range(20)]

    assert hammer.failures == []
    assert hammer.answered > 100
    assert counts == sorted(counts)
    assert wait_for(lambda: counted(running) == hammer.answered, 20), counted(running)
    # The old scheduler ends once the new one is there, and sends nothing meanwhile.
    assert wait_for(lambda: len(named(running.home, "beat")) == 1)
    assert running.end(signal.SIGTERM) == 0


def test_reload_that_fails_leaves_the_old_processes_running(start):
    running = start(more={"DEMO": "false"}, started_before=True).await_ready()
    before = named(running.home, "gunicorn")
    with running.database("evently_owner") as database:
        # As if a migration that waits for a lock gave up.
        database.execute("ALTER TABLE django_migrations RENAME TO hidden")
        database.execute("CREATE VIEW django_migrations AS SELECT 1 AS one")

    running.process.send_signal(signal.SIGHUP)

    assert wait_for(lambda: "Not reloaded: the old processes go on." in running.said())
    assert running.get("/healthz")[0] == 200
    assert named(running.home, "gunicorn") == before


@pytest.mark.django_db(transaction=True)
def test_term_finishes_a_running_request(start, shared):
    running = start("web", more=shared).await_ready()
    answers = []
    with as_owner() as database:
        database.execute("LOCK TABLE events")
        request = threading.Thread(target=lambda: answers.append(running.get("/")))
        request.start()
        assert wait_for(lambda: waiting_for_locks() > 0)
        running.process.send_signal(signal.SIGTERM)
        # Long enough for the signal to arrive, and shorter than the page waits for a lock.
        time.sleep(0.5)
    request.join(PATIENCE_SECONDS)

    assert answers[0][0] == 200
    assert running.process.wait(PATIENCE_SECONDS) == 0


def waiting_for_locks():
    with as_owner() as database:
        return len(database.execute(WAITING_SESSIONS).fetchall())


@pytest.mark.django_db(transaction=True)
def test_roles_run_what_they_say_and_share_a_home(start, shared):
    web = start("web", more=shared).await_ready()
    worker = start("worker", home=web.home, more=shared | {"PORT": "1"})
    scheduler = start("scheduler", home=web.home, more=shared | {"PORT": "1"})

    assert wait_for(lambda: named(web.home, "celery -A evently.supervisor.worker --quiet --skip"))
    assert wait_for(lambda: "evently_workers 1.0" in metrics_of(web)), worker.said()
    assert wait_for(lambda: "evently_schedulers 1.0" in metrics_of(web)), scheduler.said()
    # Counted by the worker, told by the web server of the same home.
    assert wait_for(lambda: 'task="waitlists.tasks.expire_promotions"} ' in metrics_of(web))

    again = start("worker", home=web.home, more=shared | {"PORT": "1"})
    assert again.process.wait(PATIENCE_SECONDS) == 1
    assert "already running" in again.said()
    for running in (scheduler, worker, web):
        assert running.end(signal.SIGTERM) == 0
    assert processes_of(web.home) == {}


def metrics_of(running):
    return running.get("/metrics")[1]


def test_some_roles_need_servers_of_their_own(start):
    running = start("worker")

    assert running.process.wait(PATIENCE_SECONDS) == 1
    assert "set DATABASE_URL and REDIS_URL" in running.said()


def leader():
    with redis_client(timeout_seconds=5) as client:
        return (client.get(LEASE) or b"").decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_schedulers_one_sends_and_the_other_takes_over(start, shared):
    servers = [start("scheduler", more=shared) for _ in range(2)]
    assert wait_for(lambda: all(len(named(one.home, "beat")) == 1 for one in servers))
    assert wait_for(lambda: len(signs()) >= 3), [one.said() for one in servers]
    pids = {int(leader_pid(server)): server for server in servers}
    first = leader()

    # Nothing takes tasks here: of those with a long period, one each was sent.
    assert wait_for(lambda: len(sent("make_partitions")) == 1)

    # It hangs, and is not dead: its connections stay.
    hung = int(first.rsplit("-", 2)[1])
    os.kill(hung, signal.SIGSTOP)
    hung_at = time.monotonic()
    assert wait_for(lambda: leader() not in {"", first})
    assert time.monotonic() - hung_at < LEASE_SECONDS + PATIENCE_SECONDS
    second = leader()

    # Awake again, it sends nothing more.
    os.kill(hung, signal.SIGCONT)
    assert wait_for(lambda: "scheduler_stands_by" in pids[hung].said())
    assert leader() == second
    assert len(sent("make_partitions")) == 1

    # It dies.
    os.kill(int(second.rsplit("-", 2)[1]), signal.SIGKILL)
    assert wait_for(lambda: leader() not in {"", second})


def leader_pid(server):
    (pid,) = named(server.home, "beat")
    return pid


def signs():
    return heartbeats.read_signs().seen


def sent(task):
    with redis_client(timeout_seconds=5) as client:
        return [message for message in client.lrange("celery", 0, -1) if task.encode() in message]


@pytest.mark.django_db(transaction=True)
def test_server_without_migration_waits_for_another_one(start, shared):
    with as_owner() as database:
        database.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    running = start("web", more=shared)
    try:
        assert wait_for(lambda: "lacks 1 of this release's migrations" in running.said())
        assert running.get("/readyz")[0] == 0
    finally:
        with as_owner() as database:
            database.execute(
                "INSERT INTO django_migrations (app, name, applied)"
                " VALUES ('sessions', '0001_initial', now())"
            )
    running.await_ready()
