"""Figures rolled up from the tables: right to the unit, and the same each time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from structlog.testing import capture_logs

from bookings.factories import BookingFactory
from boxoffice.figures import agreement, rolling
from evently.database.clock import now
from evently.lifecycle.registry import rules
from evently.tests.rows import event, full_event, insert, offer, person, wait
from evently.tests.sql import as_at_commit, run, value
from events.factories import EventFactory
from events.models import EventMetric, Resolution, RollUp

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in Vienna, for the first time


def rows(resolution, **filters):
    found = EventMetric.objects.filter(resolution=resolution, **filters)
    return {
        (row.metric_type, row.recorded_at): row.metric_value
        for row in found.order_by("metric_type", "recorded_at")
    }


def book_at(event_id, at, quantity=1, price=20):
    return insert(
        "bookings",
        event_id=event_id,
        user_id=person(),
        quantity=quantity,
        unit_price=price,
        total_amount=price * quantity,
        created_at=at,
    )


def test_each_figure_is_what_the_tables_say():
    at = now().replace(minute=10, second=0, microsecond=0) - DAY
    hour = at.replace(minute=0)
    event_id = event(base_price=20, current_price=20, created_at=at - DAY)
    first = book_at(event_id, at, quantity=3)
    book_at(event_id, at + HOUR)
    run(
        "UPDATE bookings SET status = 'cancelled', cancelled_at = %s, cancelled_by = 'attendee'"
        " WHERE id = %s",
        *(at + 2 * HOUR, first),
    )
    for reason in ("sold_out", "sold_out", "price_changed"):
        insert(
            "booking_attempts",
            event_id=event_id,
            result="failed",
            failure_reason=reason,
            attempted_at=at,
        )

    rolling.write(Resolution.HOUR, start=at - HOUR, end=now())

    assert rows("hour", recorded_at__lt=at + 3 * HOUR) == {
        ("attempts", hour): 3,
        ("booked", hour): 3,
        ("booked", hour + HOUR): 4,
        ("booked", hour + 2 * HOUR): 1,
        ("bookings", hour): 1,
        ("bookings", hour + HOUR): 1,
        ("cancellations", hour + 2 * HOUR): 1,
        ("refused:price_changed", hour): 1,
        ("refused:sold_out", hour): 2,
        ("revenue", hour): 60,
        ("revenue", hour + HOUR): 20,
        ("revenue_returned", hour + 2 * HOUR): 60,
        ("seats", hour): 3,
        ("seats", hour + HOUR): 1,
        ("seats_returned", hour + 2 * HOUR): 3,
    }


def test_waitlist_and_its_offers_are_followed(clock):
    # No minute ends in the middle.
    clock.stop()
    event_id, _ = full_event()
    entry = wait(event_id, 2)
    wait(event_id, 3)
    as_at_commit()
    rolling.write(Resolution.MINUTE, start=now() - HOUR, end=now() + HOUR)
    found = {metric: figure for (metric, _), figure in rows("minute").items()}
    assert (found["joined"], found["waiting"], found["seats_wanted"]) == (2, 2, 5)

    run("UPDATE bookings SET quantity = quantity - 2 WHERE event_id = %s", event_id)
    offer(entry, 2)
    as_at_commit()
    rolling.write(Resolution.DAY, start=now() - HOUR, end=now() + HOUR)
    found = {metric: figure for (metric, _), figure in rows("day").items()}
    assert (found["waiting"], found["seats_wanted"], found["promotions_made"]) == (1, 3, 1)
    assert found["waiting"] == value("SELECT count(*) FROM waitlists WHERE status = 'waiting'")


def test_day_is_that_of_the_events_calendar_also_when_clocks_change():
    vienna, auckland = (
        event(timezone=zone, base_price=20, current_price=20, created_at=NIGHT - 9 * DAY)
        for zone in ("Europe/Vienna", "Pacific/Auckland")
    )
    for event_id in (vienna, auckland):
        for hours in (-3, 0, 1, 22):
            book_at(event_id, NIGHT + hours * HOUR)

    rolling.write(Resolution.DAY, start=NIGHT - 2 * DAY, end=NIGHT + 2 * DAY)

    def days(event_id, zone):
        return {
            at.astimezone(ZoneInfo(zone)): figure
            for (metric, at), figure in rows("day", event_id=event_id).items()
            if metric == "bookings"
        }

    def day(number, zone):
        return datetime(2026, 10, number, tzinfo=ZoneInfo(zone))

    zone = "Europe/Vienna"
    # 23:30 the day before, 02:30 twice, and 23:30 of a day that has 25 hours.
    assert days(vienna, zone) == {day(24, zone): 1, day(25, zone): 3}
    zone = "Pacific/Auckland"
    assert days(auckland, zone) == {day(25, zone): 3, day(26, zone): 1}
    rolling.write(Resolution.HOUR, start=NIGHT - DAY, end=NIGHT + DAY)
    hours = [at for metric, at in rows("hour", event_id=vienna) if metric == "bookings"]
    assert len(hours) == 4, "the hour that comes twice is two"


def test_first_hour_of_a_day_with_two_midnights_is_in_it():
    midnight = datetime(2026, 10, 25, tzinfo=UTC)  # in the Azores, and again an hour later
    event_id = event(
        timezone="Atlantic/Azores", base_price=20, current_price=20, created_at=midnight - 9 * DAY
    )
    for hours in (-0.5, 0.5, 1.5):
        book_at(event_id, midnight + hours * HOUR)
    whole = {"start": midnight - DAY, "end": midnight + 2 * DAY}
    rolling.write(Resolution.DAY, **whole)
    # A run that begins in the day writes all of it.
    rolling.write(Resolution.DAY, start=midnight + 9 * HOUR, end=midnight + DAY)

    bookings = {at: figure for (metric, at), figure in rows("day").items() if metric == "bookings"}
    assert bookings == {midnight - DAY: 1, midnight: 2}
    assert rolling.differences(Resolution.DAY, **whole) == ([], 0)


def test_late_and_repeated_runs_give_the_same_rows_and_change_what_changed():
    shown = EventFactory(priced=20)
    booking = BookingFactory(event=shown)
    window = {"start": now() - HOUR, "end": now() + HOUR}
    assert rolling.write(Resolution.HOUR, **window).written > 0
    before = rows("hour")
    again = rolling.write(Resolution.HOUR, **window)
    assert (again.written, again.deleted) == (0, 0)
    assert rows("hour") == before
    booking.delete()
    rolling.write(Resolution.HOUR, **window)
    assert not {metric for metric, _ in rows("hour")} & {"seats", "bookings", "revenue"}


def test_run_goes_on_where_the_last_one_stopped(clock):
    shown = EventFactory(priced=20)
    BookingFactory(event=shown)
    rolling.roll_up(Resolution.MINUTE, until=now() + timedelta(seconds=1))
    until = RollUp.objects.get(pk="minute").done_until
    clock.move(2 * HOUR)
    BookingFactory(event=shown, created_at=now() - HOUR)
    rolling.roll_up(Resolution.MINUTE)
    assert RollUp.objects.get(pk="minute").done_until > until + HOUR
    assert sum(figure for (metric, _), figure in rows("minute").items() if metric == "seats") == 2


def test_long_window_is_written_in_parts_and_goes_on_after_a_failure(monkeypatch):
    shown = EventFactory(priced=20)
    at = now().replace(hour=12, minute=30, second=0, microsecond=0)
    for days in (25, 15, 10, 1):
        BookingFactory(event=shown, created_at=at - days * DAY)
    whole, parts = rolling.run, []

    def fails_in_the_third(*args, **window):
        parts.append(window)
        if len(parts) == 3:
            raise TimeoutError
        return whole(*args, **window)

    monkeypatch.setitem(rolling.REACH, Resolution.DAY, 30 * DAY)
    monkeypatch.setattr(rolling, "run", fails_in_the_third)
    with pytest.raises(TimeoutError):
        rolling.roll_up(Resolution.DAY, until=at)
    assert RollUp.objects.get(pk="day").done_until == at - 10 * DAY
    rolling.roll_up(Resolution.DAY, until=at)

    assert all(part["end"] - part["start"] <= 10 * DAY for part in parts)
    booked = [figure for (metric, _), figure in rows("day").items() if metric == "booked"]
    assert booked == [1, 2, 3, 4]
    # A day in which a part ends is compared, too, although nothing happened in the next part.
    run("UPDATE event_analytics SET metric_value = 7 WHERE metric_type = 'bookings'")
    window = {"start": at - 30 * DAY, "end": at}
    found, total = rolling.differences(Resolution.DAY, **window)
    assert len(found) == total == 4
    monkeypatch.setattr(rolling, "MOST_RETURNED", 1)
    found, total = rolling.differences(Resolution.DAY, **window)
    assert len(found) < total == 4


def test_price_is_that_at_the_end_of_each_bucket(clock):
    noon = now().replace(hour=12, minute=0) - DAY
    shown = event(base_price=20, current_price=20, created_at=noon)
    for minutes, price in enumerate((25, 30, 28), 1):
        clock.stop(noon + timedelta(minutes=minutes))
        run("UPDATE events SET current_price = %s WHERE id = %s", price, shown)
    rolling.write(Resolution.DAY, start=noon, end=noon + HOUR)
    assert {figure for (metric, _), figure in rows("day").items() if metric == "price"} == {
        Decimal(28)
    }


def test_row_that_was_changed_lost_or_made_up_is_found_and_mended(clock):
    shown = EventFactory(priced=20)
    BookingFactory(event=shown, quantity=2)
    clock.move(2 * DAY)
    for resolution in Resolution:
        rolling.roll_up(resolution)
    assert [one.differences for one in agreement.check_all(at=now(), mend=True)] == [[], []]
    run("UPDATE event_analytics SET metric_value = 7 WHERE metric_type = 'seats'")
    run("DELETE FROM event_analytics WHERE metric_type = 'revenue'")
    run("UPDATE event_analytics SET metric_type = 'refused:x' WHERE metric_type = 'bookings'")

    with capture_logs() as lines:
        checked = agreement.check_all(at=now(), mend=True)
    for found in checked:
        assert [(one.metric, one.stored, one.found) for one in found.differences] == [
            ("bookings", None, 1),
            ("refused:x", 1, None),
            ("revenue", None, 40),
            ("seats", 7, 2),
        ]

    assert dict(RollUp.objects.values_list("resolution", "differences")) == {
        "minute": None,
        "hour": 4,
        "day": 4,
    }
    assert {line["event"] for line in lines} == {"figure_differs"}
    assert [one.differences for one in agreement.check_all(at=now(), mend=False)] == [[], []]


def test_nothing_differs_before_the_first_roll_up(clock):
    BookingFactory(event=EventFactory(priced=20))
    clock.move(2 * DAY)
    with capture_logs() as lines:
        checked = agreement.check_all(at=now(), mend=True)
    assert [(one.differences, one.total) for one in checked] == [([], 0)] * 2
    assert lines == []


def test_minutes_are_dropped_after_7_days_and_hours_stay(clock):
    BookingFactory(event=EventFactory(priced=20))
    window = {"start": now() - HOUR, "end": now() + HOUR}
    for resolution in Resolution:
        rolling.write(resolution, **window)
    (rule,) = (rule for rule in rules() if rule.name == "realtime_figures")
    clock.move(7 * DAY - 2 * HOUR)
    assert rule.due() == 0
    clock.move(7 * DAY + 2 * HOUR)
    minutes = len(rows("minute"))
    assert rule.due() == minutes > 0
    assert sum(rule.work()) == minutes
    assert not rows("minute")
    assert rows("hour")
    assert rows("day")


def test_command_says_what_differs_and_mends_it(clock, capsys):
    BookingFactory(event=EventFactory(priced=20))
    clock.move(2 * DAY)
    for resolution in Resolution:
        rolling.roll_up(resolution)
    call_command("check_analytics")
    assert capsys.readouterr().out.count("agree") == 2
    run("UPDATE event_analytics SET metric_value = 7 WHERE metric_type = 'seats'")
    with pytest.raises(CommandError, match="2 figures differ"):
        call_command("check_analytics")
    assert "7 is stored, 1 is right" in capsys.readouterr().out
    call_command("check_analytics", "--mend")
    call_command("check_analytics")
