"""Reading from replicas: where models are read, and what happens when one is away."""

import socket
from datetime import timedelta

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
from evently.settings.database import _replica
from evently.tests.database import url_of
from events.factories import EventFactory
from events.models import Event, Resolution

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
        assert refused_people([event.pk], at=window["end"]) == []
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
