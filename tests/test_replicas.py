"""Reading from replicas: where models are read, and what happens when one is away."""

import os
import signal
import socket
import subprocess
import threading
from datetime import timedelta
from functools import partial
from uuid import uuid4

import psycopg
import pytest
from django.db import InternalError, connection, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext
from structlog.testing import capture_logs

from boxoffice.figures import reading
from boxoffice.figures.daily import daily_figures
from boxoffice.figures.lost_demand import refused_people
from evently import gauges
from evently.database import identity, replicas
from evently.database.clock import now
from evently.database.identity import DatabaseRole
from evently.database.replicas import Replica, lag, reachable, reads_from
from evently.embedded import servers
from evently.embedded.postgres import Postgres, wait_until
from evently.embedded.processes import choose_port
from evently.embedded.programs import give_ownership
from evently.embedded.state import ensure_passwords
from evently.settings.database import _replica
from evently.tests.database import url_of
from evently.tests.running import home_for_tests, wait_for
from events.factories import EventFactory
from events.models import Event, EventMetric, Resolution

pytestmark = pytest.mark.django_db(transaction=True)
ANALYTICS = Replica.ANALYTICS


def configure(monkeypatch, **changes):
    """Make the test database its own replica, over connections as a replica has them."""
    config = connections.configure_settings({"default": {}, "analytics": _replica(url_of())})
    monkeypatch.setitem(connections.settings, "analytics", config["analytics"] | changes)


@pytest.fixture
def replica(monkeypatch):
    # Tests may use no database that they have not named, which this one is not before.
    allowed = BaseDatabaseWrapper.ensure_connection
    real = allowed.__closure__[-1].cell_contents
    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", real)
    configure(monkeypatch)
    replicas.reset()
    yield
    if hasattr(connections._connections, "analytics"):
        connections["analytics"].close()
        del connections["analytics"]
    replicas.reset()


@reads_from(ANALYTICS)
def read(event):
    return Event.objects.get(pk=event.pk)


def test_models_are_read_from_the_primary_where_there_is_no_replica():
    event = EventFactory()
    assert reachable(ANALYTICS) == "default"
    assert read(event)._state.db == "default"
    assert lag(ANALYTICS) is None


def test_blocks_read_from_the_replica_and_write_to_the_primary(replica):
    event = EventFactory(name="Before")
    read_there = read(event)
    assert read_there._state.db == "analytics"
    assert Event.objects.get(pk=event.pk)._state.db == "default"
    with reads_from(ANALYTICS):
        assert router.db_for_write(Event) == "default"
    # An object from there is the primary's, for what is read and written about it afterwards.
    assert read_there.created_by._state.db == "default"
    read_there.name = "After"
    read_there.save(update_fields=["name"])
    event.refresh_from_db()
    assert event.name == "After"


def test_replica_has_the_same_roles_and_cannot_be_written_to(replica):
    hidden = EventFactory(published_at=None)
    with identity.acting_as(identity.VISITOR), reads_from(ANALYTICS):
        assert not Event.objects.filter(pk=hidden.pk).exists()
        with connections["analytics"].cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (DatabaseRole.VISITOR,)
    with pytest.raises(InternalError, match="read-only"):
        Event.objects.using("analytics").filter(pk=hidden.pk).update(name="x")


def test_figures_are_read_from_the_replica(replica):
    event = EventFactory()
    window = {"start": now() - timedelta(days=1), "end": now()}
    with CaptureQueriesContext(connection) as on_primary:
        reading.figures_until(Resolution.DAY)
        reading.series_of(event, ["seats", "price"], Resolution.HOUR, **window)
        daily_figures([event.pk])
        assert refused_people([event.pk]) == []
    assert len(on_primary) == 0
    (up,) = [one for one in gauges.read_replicas() if one.name == "evently_replica_up"]
    assert [(one.labels, one.value) for one in up.samples] == [({"replica": "analytics"}, 1.0)]


def test_who_asks_is_found_out_from_the_primary(replica):
    found = []

    def find():
        found.append(Event.objects.all().db)
        return identity.WORKER

    with identity.acting_as(identity.Deferred(find)), reads_from(ANALYTICS):
        assert Event.objects.count() == 0
    assert found == ["default"]


def test_replica_that_refuses_or_hangs_is_waited_for_once_and_the_primary_asked(
    replica, monkeypatch
):
    event = EventFactory()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It accepts connections, and says nothing.
        port = silent.getsockname()[1]
        configure(monkeypatch, HOST="127.0.0.1", PORT=port)
        with capture_logs() as lines:
            assert [read(event)._state.db for _ in range(3)] == ["default"] * 3
    assert [line["event"] for line in lines] == ["replica_unreachable"]
    assert not replicas._breakers[ANALYTICS].allows_request()


def test_connection_that_the_replica_has_ended_is_replaced(replica):
    event = EventFactory()
    assert read(event)._state.db == "analytics"
    process = connections["analytics"].connection.info.backend_pid
    with psycopg.connect(url_of(), autocommit=True) as login:
        login.execute("SELECT pg_terminate_backend(%s)", [process])
    assert read(event)._state.db == "analytics"


def test_lag_is_known_of_a_standby_and_no_migration_runs_there(replica, monkeypatch):
    assert reachable(ANALYTICS) == "analytics"
    assert lag(ANALYTICS) is None, "a server that is no standby replays nothing"
    monkeypatch.setattr(replicas, "LAG", b"SELECT 2.5")
    reachable(ANALYTICS)
    assert lag(ANALYTICS) == timedelta(seconds=2.5)
    assert not router.allow_migrate("analytics", "events")
    assert router.allow_migrate("default", "events")


# ── A real standby ──────────────────────────────────────────────────────────
# The test database is read where it fails: it has no figures, and the standby's server has one.
FIGURE = """
    SET session_replication_role = replica;
    INSERT INTO event_analytics (event_id, organizer_id, metric_type, metric_value)
    SELECT one, one, 'seats', 1 FROM gen_random_uuid() one
"""
# Long on a standby, and short elsewhere.
SLOW = """
    SELECT count(*), pg_sleep(CASE WHEN pg_is_in_recovery() THEN 14 ELSE 0 END)
    FROM event_analytics
"""


def server_in(home, passwords):
    server = Postgres(home, passwords=passwords, throwaway=True)
    server.port = choose_port(None, taken=set())
    return server


def copy_of(primary, home):
    """Return a standby of a server, which is not started yet."""
    home.mkdir(mode=0o755)
    standby = server_in(home, primary.passwords)
    standby.data.mkdir(mode=0o700)
    give_ownership(standby.data, standby.user)
    subprocess.run(
        [
            *(standby.programs / "pg_basebackup", "-D", standby.data, "-R", "-c", "fast"),
            *("-h", "127.0.0.1", "-p", str(primary.port), "-U", "evently", "--no-sync"),
        ],
        env=os.environ | {"PGPASSWORD": primary.passwords["evently"]},
        cwd="/",
        check=True,
        **(standby.user.switch() if standby.user else {}),
    )
    with (standby.data / "postgresql.auto.conf").open("a") as settings:
        settings.write("max_standby_streaming_delay = 0\n")
    return standby


@pytest.fixture
def standby(replica, monkeypatch):
    """A server with a figure, and its standby, which figures are read from, with its process."""
    with home_for_tests(started_before=True) as home:
        primary = server_in(home, ensure_passwords(home))
        running = servers.start(primary)
        try:
            with primary.connect("evently") as owner:
                owner.execute(FIGURE)
                # So that nothing else is in the way of what the standby runs.
                owner.execute("ALTER SYSTEM SET autovacuum = off")
                owner.execute("SELECT pg_reload_conf()")
            copy = copy_of(primary, home.with_name("standby"))
            process = copy.start()
            try:
                wait_until(copy.answers, process, log=copy.log)
                login = {"USER": "evently_app", "PASSWORD": copy.passwords["evently_app"]}
                configure(monkeypatch, HOST="127.0.0.1", PORT=copy.port, NAME="evently", **login)
                yield primary, copy, process
            finally:
                process.send_signal(signal.SIGCONT)
                servers.stop(copy, process)
        finally:
            servers.stop(primary, running)


@reads_from(ANALYTICS)
def figures():
    return EventMetric.objects.count()


def be_patient(monkeypatch, seconds):
    """Set how long a replica is waited for: tests run on busy machines."""
    monkeypatch.setattr(replicas, "PATIENCE_SECONDS", seconds)
    connections["analytics"].settings_dict["OPTIONS"]["connect_timeout"] = max(2, int(seconds))


def read_while(standby, act, *, begin=lambda: None):
    """Return how many figures a slow statement counts while something is done to the standby."""

    def act_then():
        with standby.connect("evently") as database:
            reading = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            wait_for(lambda: database.execute(reading).fetchone(), 14)
        act()

    with connections[reachable(ANALYTICS)].cursor() as cursor:
        begin()
        actor = threading.Thread(target=act_then)
        actor.start()
        cursor.execute(SLOW)
        ((found, _),) = cursor.fetchall()
    actor.join()
    return found


def run_on(server, statement):
    """Return the rows that a statement returns to the superuser, or an empty list."""
    with server.connect("evently") as superuser:
        done = superuser.execute(statement)
        return done.fetchall() if done.description is not None else []


@pytest.mark.processes
@pytest.mark.slow
def test_standby_is_read_in_roles_and_the_primary_where_it_fails(standby, monkeypatch):
    primary, copy, process = standby
    be_patient(monkeypatch, 30.0)
    assert figures() == 1
    with reads_from(ANALYTICS):
        organizer_id = EventMetric.objects.get().organizer_id
    for user_id, number in ((organizer_id, 1), (uuid4(), 0)):
        with identity.acting_as(identity.Identity(DatabaseRole.ORGANIZER, user_id)):
            assert figures() == number, "policies hold there"
    with pytest.raises(InternalError, match="read-only"):
        EventMetric.objects.using("analytics").update(metric_value=2)

    lock = "BEGIN; LOCK TABLE event_analytics IN ACCESS EXCLUSIVE MODE; COMMIT"
    with capture_logs() as lines:
        assert read_while(copy, lambda: run_on(primary, lock)) == 0
    assert [line["reason"] for line in lines] == ["conflict"]
    assert figures() == 1, "it is still read for everything else"

    with capture_logs() as lines:
        stop = partial(process.send_signal, signal.SIGSTOP)
        with reads_from(ANALYTICS):
            assert read_while(copy, stop, begin=partial(be_patient, monkeypatch, 0.3)) == 0
            assert EventMetric.objects.count() == 0, "nor does the rest of the block wait"
    assert [line["event"] for line in lines] == ["replica_unreachable"]
    process.send_signal(signal.SIGCONT)
    be_patient(monkeypatch, 30.0)
    replicas.reset()
    assert figures() == 1

    # As a migration does that the standby has carried out later, or earlier, than the primary.
    run_on(primary, "ALTER TABLE event_analytics RENAME TO elsewhere")
    gone = "SELECT 1 WHERE to_regclass('event_analytics') IS NULL"
    assert wait_for(lambda: run_on(copy, gone))
    with capture_logs() as lines:
        assert figures() == 0
    assert [line["reason"] for line in lines] == ["behind"]
    assert lag(ANALYTICS) >= timedelta()

    servers.stop(copy, process)
    with capture_logs() as lines:
        assert figures() == 0
    assert [line["event"] for line in lines] == ["replica_unreachable"]
