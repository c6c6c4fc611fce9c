"""Page views: counted in the broker, taken over, and never in the way of a page."""

import socket
import threading
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from prometheus_client import REGISTRY

from boxoffice.figures import counters, rolling
from evently.database.clock import now
from evently.page_views import MINUTES, MOST_VISITORS, PageKind, PageViews, page_views
from evently.redis_client import redis_client
from evently.tests.sql import run
from events.factories import EventFactory
from events.models import EventMetric, Resolution

pytestmark = pytest.mark.django_db
BROWSER = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}


@pytest.fixture(autouse=True)
def still_minute(monkeypatch):
    """Count all views at one moment: no minute, hour or day ends in the middle of a test."""
    at = time.time()
    monkeypatch.setattr(time, "time", lambda: at)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Lose no view to a machine that is busy for a moment."""
    monkeypatch.setattr("evently.page_views.TIMEOUT_SECONDS", 10.0)
    monkeypatch.setattr(page_views, "_client", None)


@pytest.fixture
def event():
    return EventFactory(priced=20)


@pytest.fixture
def broker():
    with redis_client(timeout_seconds=5) as client:
        yield client


def show(event, times=1, name="event_detail", **headers):
    for _ in range(times):
        response = Client().get(reverse(name, args=[event.pk]), **(BROWSER | headers))
        assert response.status_code == 200


def figures(event, resolution):
    rows = EventMetric.objects.filter(event_id=event.pk, resolution=resolution)
    return {row.metric_type: row.metric_value for row in rows}


def take_over():
    page_views.flush()
    counters.take_over()
    rolling.roll_up(Resolution.MINUTE)
    for resolution in (Resolution.HOUR, Resolution.DAY):
        counters.roll_up(resolution)


def test_views_and_visitors_are_counted_once_however_often_they_are_taken_over(event):
    show(event, 3)
    show(event, REMOTE_ADDR="198.51.100.7")
    show(event, 2, name="book")
    take_over()
    show(event)
    take_over()
    take_over()

    for resolution in Resolution:
        found = figures(event, resolution)
        assert (found["page_views"], found["checkouts"]) == (5, 2)
    assert figures(event, Resolution.DAY)["visitors"] == 2
    assert figures(event, Resolution.HOUR)["visitors"] == 2


def test_visitors_after_midnight_are_those_of_the_next_day(event, clock, monkeypatch):
    midnight = (now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    for seconds, address in ((-30, "198.51.100.7"), (30, "198.51.100.8")):
        at = (midnight + timedelta(seconds=seconds)).timestamp()
        monkeypatch.setattr(time, "time", lambda at=at: at)
        show(event, REMOTE_ADDR=address)
    clock.stop(midnight + timedelta(minutes=2))
    take_over()

    rows = EventMetric.objects.filter(metric_type="visitors", resolution=Resolution.DAY)
    assert {row.recorded_at: row.metric_value for row in rows} == {
        midnight - timedelta(days=1): 1,
        midnight: 1,
    }


def test_robots_and_prefetching_browsers_are_left_out(event):
    show(event, HTTP_USER_AGENT="Mozilla/5.0 (compatible; Googlebot/2.1)")
    show(event, HTTP_SEC_PURPOSE="prefetch")
    Client().head(reverse("event_detail", args=[event.pk]), **BROWSER)
    show(event, name="book", HTTP_HX_REQUEST="true")
    take_over()
    assert figures(event, Resolution.MINUTE) == {}


def test_no_page_waits_for_a_broker_that_is_away(event, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    show(event, 2)
    page_views.flush()
    assert counters.take_over() == 0


def test_buffer_is_bounded_while_the_broker_is_away(event, rf, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    views = PageViews()
    for number in range(MOST_VISITORS + 10):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        request = rf.get("/", REMOTE_ADDR=address, **BROWSER)
        views.count(PageKind.EVENT, event.pk, request)
    assert len(views._buffer.visitors) <= MOST_VISITORS
    views.flush()
    assert views._buffer.counts.total() == 0


def test_flush_returns_once_what_is_under_way_is_there_or_lost(event, rf, settings, monkeypatch):
    monkeypatch.setattr("evently.page_views.TIMEOUT_SECONDS", 0.3)
    name = "evently_page_views_lost_total"
    views = PageViews()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        views.count(PageKind.EVENT, event.pk, rf.get("/", **BROWSER))
        before = REGISTRY.get_sample_value(name)
        other = threading.Thread(target=views.flush)
        other.start()
        with silent.accept()[0]:
            views.flush()
            assert REGISTRY.get_sample_value(name) > before
            other.join()


def test_event_that_was_deleted_meanwhile_stops_nothing(event):
    other = EventFactory()
    show(event)
    show(other)
    page_views.flush()
    run("DELETE FROM events WHERE id = %s", event.pk)
    counters.take_over()
    assert figures(other, Resolution.MINUTE)["page_views"] == 1
    assert EventMetric.objects.filter(recorded_at__gt=now() - timedelta(hours=1)).count() == 1


def test_counts_of_a_minute_stay_in_the_broker_for_a_while(event, clock, broker):
    show(event)
    take_over()
    show(event)
    take_over()
    assert figures(event, Resolution.MINUTE)["page_views"] == 2
    mine = {key for key in broker.smembers(MINUTES) if broker.hexists(key, str(event.pk))}
    assert mine
    clock.move(timedelta(minutes=12))
    counters.take_over()
    assert not mine & broker.smembers(MINUTES)
    assert not broker.exists(*mine)
    assert (
        sum(
            EventMetric.objects.filter(
                event_id=event.pk, metric_type="page_views", is_realtime=True
            ).values_list("metric_value", flat=True)
        )
        == 2
    )
