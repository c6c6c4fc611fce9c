"""A day of traffic while the processes that roll up are killed: in the end, all figures agree."""

import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from boxoffice.figures import counters, rolling
from evently.page_views import MINUTES, PageKind, minute_key
from evently.redis_client import redis_client
from evently.tests.rows import event, full_event, insert, person, wait
from evently.tests.sql import run, value
from events.models import EventMetric, Resolution

START = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Vienna, of a day of 25 hours
HOURS, KILLS = 26, 12


def roll_up_all():
    counters.take_over()
    for resolution in Resolution:
        rolling.roll_up(resolution)
    for resolution in (Resolution.HOUR, Resolution.DAY):
        counters.roll_up(resolution)


def in_a_process(work):
    """Begin some work in a forked process; return its id."""
    # A connection must not be used by two processes.
    connections.close_all()
    child = os.fork()
    if child:
        return child
    failed = True
    try:
        work()
        failed = False
    finally:
        # No exit handlers: they are the parent's.
        os._exit(int(failed))


def wait_for_backends():
    """Wait until what a killed process had begun is committed or rolled back."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename = session_user AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    while value(others):
        time.sleep(0.01)


class Day:
    """Traffic of a day, put into the tables at the times of a clock that a test moves."""

    def __init__(self, chance, broker):
        self.chance = chance
        times = {
            "created_at": START - timedelta(days=2),
            "published_at": START - timedelta(days=1),
            "event_date": START + timedelta(days=30),
        }
        self.events = [
            event(timezone=zone, base_price=20, current_price=20, total_capacity=200, **times)
            for zone in ("Europe/Vienna", "Pacific/Auckland", "America/St_Johns")
        ]
        self.full, _ = full_event(**times)
        self.people = [person() for _ in range(8)]
        self.places = []
        self.views = Counter()
        self.broker = broker

    def pass_an_hour(self):
        for event_id in self.events:
            for _ in range(self.chance.randrange(4)):
                self._book(event_id)
            if self.chance.random() < 0.3:
                self._cancel(event_id)
            if self.chance.random() < 0.3:
                price = self.chance.randrange(10, 30)
                run("UPDATE events SET current_price = %s WHERE id = %s", price, event_id)
            insert(
                "booking_attempts",
                event_id=event_id,
                result="failed",
                failure_reason=self.chance.choice(["sold_out", "price_changed"]),
            )
            self._view(event_id)

        if self.chance.random() < 0.5:
            self.places.append(wait(self.full, self.chance.randrange(1, 3)))
        if self.places and self.chance.random() < 0.2:
            place = self.places.pop(self.chance.randrange(len(self.places)))
            run("UPDATE waitlists SET status = 'left' WHERE id = %s", place)

    def _book(self, event_id):
        quantity = self.chance.randrange(1, 4)
        price = value("SELECT current_price FROM events WHERE id = %s", event_id)
        insert(
            "bookings",
            event_id=event_id,
            user_id=self.chance.choice(self.people),
            quantity=quantity,
            unit_price=price,
            total_amount=price * quantity,
            created_at=value("SELECT evently_clock()"),
        )

    def _cancel(self, event_id):
        run(
            "UPDATE bookings SET status = 'cancelled', cancelled_at = evently_clock(),"
            " cancelled_by = 'attendee' WHERE id = (SELECT id FROM bookings"
            " WHERE event_id = %s AND status <> 'cancelled' ORDER BY id LIMIT 1)",
            event_id,
        )

    def _view(self, event_id):
        minute = int(value("SELECT extract(epoch FROM evently_clock())")) // 60 * 60
        key = minute_key(PageKind.EVENT, minute)
        self.broker.hincrby(key, str(event_id), 2)
        self.broker.sadd(MINUTES, key)
        self.views[event_id] += 2


def pass_the_day(day, chance, clock, settings):
    """Let a day pass, killing processes that roll up, and taking the broker away at times."""
    url, duration, killed = settings.REDIS_URL, 0.5, 0
    for hour in range(HOURS):
        clock.stop(START + timedelta(hours=hour, minutes=chance.randrange(60)))
        day.pass_an_hour()
        # With the broker away, too: its counts are taken over later.
        settings.REDIS_URL = url if chance.random() < 0.7 else "redis://127.0.0.1:1/0"
        if chance.random() < KILLS / HOURS:
            child = in_a_process(roll_up_all)
            time.sleep(chance.uniform(0, duration))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            wait_for_backends()
            killed += 1
        elif chance.random() < 0.5:
            began = time.monotonic()
            roll_up_all()
            duration = time.monotonic() - began
    settings.REDIS_URL = url
    assert killed >= KILLS / 2


def last(event_id, metric):
    rows = EventMetric.objects.filter(event_id=event_id, metric_type=metric, resolution="day")
    return rows.order_by("-recorded_at").values_list("metric_value", flat=True).first()


@pytest.mark.race
@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_figures_agree_in_the_end_whatever_was_killed(clock, settings):
    chance = random.Random(11)
    clock.stop(START)
    with redis_client(timeout_seconds=5) as broker:
        day = Day(chance, broker)
        pass_the_day(day, chance, clock, settings)
    end = START + timedelta(hours=HOURS + 1)
    clock.stop(end)
    roll_up_all()

    window = {"start": START - timedelta(hours=1), "end": end}
    for resolution in Resolution:
        assert rolling.differences(resolution, **window) == ([], 0), resolution
    for resolution in Resolution:
        rows = EventMetric.objects.filter(resolution=resolution)
        views = Counter()
        for event_id, figure in rows.filter(metric_type="page_views").values_list(
            "event_id", "metric_value"
        ):
            views[event_id] += int(figure)
        assert views == day.views, resolution
        seats = sum(rows.filter(metric_type="seats").values_list("metric_value", flat=True))
        assert seats == value("SELECT sum(quantity) FROM bookings WHERE event_id <> %s", day.full)
    held = "SELECT sum(quantity) FROM bookings WHERE event_id = %s AND status <> 'cancelled'"
    for event_id in day.events:
        assert last(event_id, "booked") == value(held, event_id)
    assert last(day.full, "waiting") == len(day.places) > 0
