"""The lease of the scheduler, and how another one continues."""

import pytest

from evently import gauges, heartbeats
from evently.celery import app
from evently.redis_client import redis_client
from evently.scheduler import LEASE, Lease, LeasedScheduler

LONG = 3600.0


@pytest.fixture(autouse=True)
def broker():
    """Start without a lease, and leave none behind."""
    with redis_client(timeout_seconds=5) as client:
        names = (LEASE, heartbeats.SEEN, heartbeats.SENT, heartbeats.SUCCEEDED)
        client.delete(*names)
        yield client
        client.delete(*names)


def test_only_one_holds_the_lease():
    one, other = Lease(seconds=LONG), Lease(seconds=LONG)

    assert one.hold()
    assert not other.hold()

    assert (one.is_held(), other.is_held()) == (True, False)


def test_extending_is_not_taking_anew():
    lease = Lease(seconds=LONG)
    lease.hold()

    assert not lease.hold()
    assert lease.is_held()


def test_released_lease_is_free_at_once():
    one, other = Lease(seconds=LONG), Lease(seconds=LONG)
    one.hold()

    one.release()

    assert other.hold()
    # The one that has it now keeps it.
    one.release()
    assert other.is_held()
    assert not one.hold()


def test_lease_of_a_frozen_scheduler_runs_out_on_both_sides(broker):
    frozen, other = Lease(seconds=LONG), Lease(seconds=LONG)
    frozen.hold()
    # The time passes while it is frozen.
    frozen._ends_at -= LONG
    broker.delete(LEASE)

    assert not frozen.is_held()
    assert other.hold()
    assert not frozen.hold()
    assert not frozen.is_held()


def test_broker_that_hiccups_ends_no_lease(settings):
    lease = Lease(seconds=LONG)
    lease.hold()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert not lease.hold()
    assert lease.is_held()


def scheduler():
    return LeasedScheduler(app)


def due(one):
    return {entry.name for entry in one.schedule.values() if entry.is_due()[0]}


def test_second_scheduler_sends_nothing():
    first, second = scheduler(), scheduler()
    assert first._lead()

    assert second.tick() > 0

    assert not second.leads
    assert second.apply_async(next(iter(second.schedule.values()))) is None


def test_first_start_has_everything_due():
    first = scheduler()
    first._lead()

    assert due(first) == set(first.schedule)


def test_successor_continues_where_the_other_stopped(broker):
    heartbeats.note(heartbeats.SENT, "make-partitions")

    successor = scheduler()
    successor._lead()

    assert due(successor) == set(successor.schedule) - {"make-partitions"}


def test_lease_that_was_lost_with_the_brokers_data_is_taken_anew(broker):
    one = scheduler()
    one._lead()
    for entry in one.schedule.values():
        entry.last_run_at = one.app.now()
    broker.delete(LEASE)
    one._held_at -= LONG

    assert one._lead()

    # What a broker without data has forgotten runs again.
    assert due(one) == set(one.schedule)


def test_stopped_scheduler_leaves_nothing_behind(broker):
    one = scheduler()
    one.tick()
    assert broker.hkeys(heartbeats.SEEN)

    one.close()

    assert broker.get(LEASE) is None
    assert [name for name in broker.hkeys(heartbeats.SEEN) if b":" in name] == []


def test_lag_is_what_a_task_is_late(broker):
    now = int(broker.time()[0])
    broker.hset(heartbeats.SUCCEEDED, "notifications.tasks.make_partitions", now - 10)
    broker.hset(heartbeats.SUCCEEDED, "notifications.tasks.deliver_missed", now - 1_000)

    lags = gauges.lags(heartbeats.read_signs())

    assert lags["notifications.tasks.make_partitions"] == 0
    assert 990 <= lags["notifications.tasks.deliver_missed"] < 1_200
    assert lags["waitlists.tasks.expire_promotions"] == float("inf")
