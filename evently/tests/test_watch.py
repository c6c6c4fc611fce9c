"""A database that hangs is noticed, and what waits for it is ended; one that refuses is down."""

import copy
import select
import socket
import threading
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import psycopg
import pytest
from django.db import OperationalError, connection, connections
from psycopg.conninfo import make_conninfo

from evently.accounts.factories import UserFactory
from evently.accounts.operations import issue_token
from evently.database import watch
from evently.database.postgresql.base import has_something_to_read
from evently.database.watch import DatabaseWatch
from evently.tests.database import url_of
from evently.tests.running import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


class Wire:
    """Passes everything between a port of its own and the database, until it is cut."""

    def __init__(self, target):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.passes = threading.Event()
        self.passes.set()
        self._target, self._ended, self._ends = target, threading.Event(), []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                self._threads.append(threading.Thread(target=self._carry, args=[near, far]))
                self._threads[-1].start()

    def _carry(self, near, far):
        with suppress(OSError):
            while not self._ended.is_set():
                readable, _, _ = select.select([near, far], [], [], 0.05)
                for end in readable:
                    self.passes.wait(60)
                    data = end.recv(65536)
                    if not data:
                        return
                    (far if end is near else near).sendall(data)

    def close(self):
        self._ended.set()
        self.passes.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()
        for end in [self.listener, *self._ends]:
            end.close()


def end_process(process):
    """End a process of the server, as the login: none of its roles may."""
    with psycopg.connect(url_of(), autocommit=True) as login:
        login.execute("SELECT pg_terminate_backend(%s)", [process])


@contextmanager
def wire():
    """Yield a wire to the database, and how to connect through it."""
    parameters = connection.get_connection_params()
    made = Wire((parameters["host"], int(parameters["port"])))
    login = {name: parameters[name] for name in ("dbname", "user", "password")}
    info = make_conninfo(**login, host="127.0.0.1", port=made.port, connect_timeout=1)
    try:
        yield made, info
    finally:
        made.close()


@contextmanager
def watching(info, patience_seconds=0.5):
    one = DatabaseWatch(info, interval_seconds=0.05, patience_seconds=patience_seconds)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def test_a_statement_that_waits_for_a_hanging_database_fails_and_others_are_told():
    outcome = []

    def wait():
        try:
            waiting.execute("SELECT pg_sleep(300)")
        except psycopg.OperationalError as error:
            outcome.append(error)

    with wire() as (cable, info), psycopg.connect(info, autocommit=True) as waiting:
        watch.note_opened(waiting)
        process = waiting.info.backend_pid
        thread = threading.Thread(target=wait)
        thread.start()
        with watching(info) as database:
            assert wait_for(lambda: database._connection is not None)
            assert not database.is_down
            cable.passes.clear()
            assert wait_for(lambda: database.is_down)
            thread.join(30)
            assert outcome
            cable.passes.set()
            assert wait_for(lambda: not database.is_down)
    # The server goes on with a statement whose client is gone.
    end_process(process)


def test_it_is_known_to_be_down_before_statements_are_ended(monkeypatch):
    """Otherwise their requests connect anew at once, and wait for the time-out of that as well."""
    seen = []
    end_waiting = watch.end_waiting

    def end():
        seen.append(database.is_down)
        return end_waiting()

    monkeypatch.setattr(watch, "end_waiting", end)
    with wire() as (cable, info), watching(info) as database:
        assert wait_for(lambda: database._connection is not None)
        cable.passes.clear()
        assert wait_for(lambda: seen)
    assert all(seen)


@pytest.fixture
def silent():
    """Return a connection of Django to a port that accepts, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = copy.deepcopy(connections["default"].settings_dict)
        settings |= {"HOST": "127.0.0.1", "PORT": str(listener.getsockname()[1])}
        yield connections["default"].__class__(settings, alias="silent")


def test_a_request_waits_for_a_connection_once(silent):
    tried = []
    silent.settings_dict["OPTIONS"]["connect_timeout"] = 1

    def connect(*args, **kwargs):
        tried.append(args)
        return psycopg.connect(*args, **kwargs)

    silent.Database = SimpleNamespace(**vars(silent.Database) | {"connect": connect})
    for _ in range(2):
        with pytest.raises(OperationalError):
            silent.ensure_connection()
    assert len(tried) == 1
    # The next request tries again.
    silent.close_if_unusable_or_obsolete()
    with pytest.raises(OperationalError):
        silent.ensure_connection()
    assert len(tried) == 2


def test_a_task_that_waited_for_a_connection_in_vain_tries_again(silent):
    """Between tasks, nothing may look at a connection that was never made."""
    silent.settings_dict["OPTIONS"]["connect_timeout"] = 1
    with pytest.raises(OperationalError):
        silent.ensure_connection()
    assert silent.gets_none_until
    assert wait_for(lambda: time.monotonic() > silent.gets_none_until)
    with pytest.raises(OperationalError, match="timeout"):
        silent.ensure_connection()


def test_an_idle_connection_outlives_a_hanging_database():
    with wire() as (cable, info), psycopg.connect(info, autocommit=True) as idle:
        watch.note_opened(idle)
        with watching(info) as database:
            cable.passes.clear()
            assert wait_for(lambda: database.is_down)
            cable.passes.set()
            assert wait_for(lambda: not database.is_down)
        assert idle.execute("SELECT 1").fetchone() == (1,)


def test_a_port_that_refuses_is_down():
    with wire() as (cable, info):
        cable.close()
        with watching(info) as database:
            assert wait_for(lambda: database.is_down)


def test_a_server_without_a_connection_to_spare_is_not_down():
    with wire() as (_, info):
        wrong = make_conninfo(info, password="wrong")
        with watching(wrong) as database:
            seen = []
            assert wait_for(lambda: seen.append(database.is_down) or len(seen) > 5)
            assert not any(seen)


@pytest.mark.parametrize(
    ("said", "is_answer"),
    [
        ("FATAL:  sorry, too many clients already", True),
        ("FATAL:  the database system is starting up", False),
        ("FATAL:  the database system is shutting down", False),
        ("FATAL:  the database system is in recovery mode", False),
        ("FATAL:  the database system is not yet accepting connections", False),
        ("Connection refused", False),
    ],
)
def test_a_server_that_is_not_ready_is_down(said, is_answer):
    error = psycopg.OperationalError(f'connection to server at "127.0.0.1" failed: {said}')
    assert watch.answers(error) == is_answer


def test_an_ended_connection_of_the_watch_is_opened_anew():
    """An administrator ends it: requests must neither be turned away nor ended."""
    with wire() as (_, info):
        database = DatabaseWatch(info)
        database._look()
        process = database._connection.info.backend_pid
        end_process(process)
        assert wait_for(lambda: has_something_to_read(database._connection))
        database._look()
        assert not database.is_down
        assert database._connection.info.backend_pid != process
        database._close()


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/", 503, "text/html"),
        ("/api/v1/events/", 503, "application/problem+json"),
        ("/healthz", 200, "text/plain"),
    ],
)
def test_requests_are_turned_away_while_it_is_down(client, monkeypatch, path, status, kind):
    down = DatabaseWatch("")
    down.is_down = True
    monkeypatch.setattr(watch, "_watch", down)
    response = client.get(path)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith(kind)
    assert ("Retry-After" in response.headers) == (status == 503)


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/events/", "/events/01a21cb1-af97-759e-a1ec-f609d4d3a75e/"]
)
def test_a_lost_database_is_503_on_pages_too(client, path):
    def lose(execute, *args):
        raise OperationalError("the connection is lost")

    with connection.execute_wrapper(lose):
        response = client.get(path)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"


def test_the_api_asks_a_lost_database_once(client):
    """Each time may take as long as it is waited for a connection."""
    token = issue_token(user_id=UserFactory().pk, name="test", scopes=["read"])
    asked = []

    def lose(execute, *args):
        asked.append(args)
        raise OperationalError("the connection is lost")

    with connection.execute_wrapper(lose):
        response = client.get("/api/v1/bookings/", HTTP_AUTHORIZATION=f"Bearer {token.secret}")
    assert response.status_code == 503
    assert len(asked) == 1
