"""A small year of sales: as asked for, consistent, rolled up without a difference, and shown."""

import pytest

from bench.figures import exporting
from bench.figures.dashboards import MOST_QUERIES, Cost, dashboards, opened
from bench.figures.filling import Size, fill
from bench.large import unguarded
from bench.throwaway import connected
from bookings.models import Booking, BookingAttempt
from boxoffice.figures import agreement, lost_demand_rolling, rolling
from evently.accounts.factories import SuperuserFactory
from evently.database.clock import now
from evently.tests.database import as_owner
from events.models import Event, EventMetric, Resolution
from waitlists.models import Line, WaitlistEntry


@pytest.mark.django_db(transaction=True)
def test_small_year_of_sales_rolls_up_to_what_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    size = Size(events=30, bookings=1000, waiting=60, attempts=3000)
    with as_owner() as owner:
        fill(owner, size)
    progress = capsys.readouterr().err
    assert progress.count("%") == 8
    assert "100%" in progress
    assert Event.objects.count() == size.events
    assert Booking.objects.count() == size.bookings
    assert BookingAttempt.objects.count() == size.attempts
    waiting = WaitlistEntry.objects.waiting().count()
    assert waiting == size.waiting
    assert sum(Line.objects.values_list("waiting", flat=True)) == waiting
    largest = Event.objects.order_by("-total_capacity")[0]
    assert largest.bookings.count() == size.bookings // 5
    assert largest.available_seats == 0

    for resolution in Resolution:
        rolling.roll_up(resolution)
    assert [one.differences for one in agreement.check_all(at=now(), mend=False)] == [[], []]
    sums = EventMetric.objects.filter(resolution=Resolution.DAY)
    assert sum(row.metric_value for row in sums.filter(metric_type="bookings")) == size.bookings
    assert sum(row.metric_value for row in sums.filter(metric_type="attempts")) == size.attempts
    last = sums.filter(metric_type="waiting").order_by("event_id", "-recorded_at")
    assert sum(row.metric_value for row in last.distinct("event_id")) == waiting

    assert lost_demand_rolling.roll_up()
    shown = {
        page.name: opened(looker, page)
        for looker, page in dashboards(SuperuserFactory(email="superuser@example.net"))
    }
    assert {status for status, _ in shown.values()} == {200}
    assert [name for name, (_, queries) in shown.items() if queries > MOST_QUERIES] == []


@pytest.mark.django_db(transaction=True)
def test_exports_that_are_measured_have_the_events_of_each_organizer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for resolution in exporting.DAYS:
        monkeypatch.setitem(exporting.DAYS, resolution, 3)
    with as_owner() as owner:
        fill(owner, Size(events=6, bookings=12, waiting=10, attempts=24))
        with unguarded(owner, small=True):
            organizers = exporting.give_figures(owner, (1, 2, 3))
    assert [Event.objects.filter(created_by=one).count() for one in organizers] == [1, 2, 3]
    for resolution in exporting.DAYS:
        small, _, large = (exporting.read_export(one, "csv", resolution) for one in organizers)
        assert small < large < 4 * small
    assert exporting.read_export(organizers[0], "parquet", "day") > 0


def test_a_dashboard_that_takes_too_much_is_noted() -> None:
    costs = [(200, 12, 300.0), (200, 13, 1.0), (200, 1, 300.1), (503, 1, 1.0)]
    notes = [Cost("page", *cost).note for cost in costs]
    assert notes == ["", "OVER", "OVER", "status 503"]


def test_benchmark_without_a_database_says_what_to_do() -> None:
    with pytest.raises(SystemExit, match=r"does not answer\. Start script/server, or"):
        connected(host="127.0.0.1", port=1, user="x")
