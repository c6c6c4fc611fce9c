"""Lost demand as it is rolled up: when, by one worker at a time, and what outlasts the attempts."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from boxoffice.figures import agreement, lost_demand_rolling, rolling
from boxoffice.figures.lost_demand import lost_demand_until, refused_people, roll_ups
from boxoffice.figures.lost_demand_rolling import roll_up
from boxoffice.tests.test_lost_demand import book, refuse
from evently.database.clock import now
from evently.lifecycle.registry import rules
from evently.sweeps import SweepIncomplete
from evently.tests.database import AS_WORKER
from evently.tests.rows import event, person, wait
from evently.tests.sql import run
from events.models import LostDemand, Resolution, RollUp

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def an_event(**columns):
    given = {"base_price": 20, "current_price": 20, "event_date": START + 300 * DAY}
    given |= {"created_at": START - 99 * DAY, "published_at": START - 98 * DAY}
    return event(**(given | columns))


def rows(event_id):
    """Return people and seats by day after START, outcome and reason."""
    return {
        ((row.day - START.date()).days, row.outcome, row.reason): (row.people, row.seats)
        for row in LostDemand.objects.filter(event_id=event_id)
    }


def delete_old_attempts():
    (rule,) = (rule for rule in rules() if rule.name == "attempts")
    return sum(rule.work())


@pytest.fixture
def counted(monkeypatch):
    """Return the events that are counted, in order."""
    found = []
    whole = lost_demand_rolling.write

    def noted(event_id, *, at):
        found.append(event_id)
        return whole(event_id, at=at)

    monkeypatch.setattr(lost_demand_rolling, "write", noted)
    return found


@pytest.mark.django_db
def test_only_events_with_something_new_are_counted_again(clock, counted):
    clock.stop(START)
    event_id, quiet, ana = an_event(total_capacity=2), an_event(total_capacity=1), person()
    for refused in (event_id, quiet):
        refuse(refused, START - HOUR, 2, user=ana)
    book(quiet, person(), START - 2 * HOUR)
    book(an_event(), person(), START - HOUR)  # no one was refused there
    assert roll_up() == 2
    before = list(LostDemand.objects.order_by("id").values())
    assert roll_up(until=START + MINUTE) == 0, "nothing is new"
    lost_demand_rolling.write(event_id, at=START)
    assert list(LostDemand.objects.order_by("id").values()) == before
    assert lost_demand_until(roll_ups([event_id])) == START + MINUTE

    # A row that bears an earlier time may be committed late: it is counted once it is seen.
    del counted[:]
    clock.stop(START + 2 * MINUTE)
    book(event_id, ana, START + MINUTE - timedelta(seconds=30))
    assert roll_up() == 1
    assert rows(event_id) == {(0, "booked", "sold_out"): (1, 2)}
    assert lost_demand_until(roll_ups([event_id])) == now()
    clock.stop(START + 3 * MINUTE)
    assert roll_up() == 0
    assert lost_demand_until(roll_ups([event_id])) == START + 2 * MINUTE, "once more, to be sure"
    clock.stop(START + 12 * MINUTE)
    assert roll_up() == 1
    clock.stop(START + 13 * MINUTE)
    assert roll_up() == 0
    assert counted == [event_id, event_id]

    clock.stop(START + 20 * MINUTE)
    wait(quiet, user_id=ana)
    assert roll_up(until=now() + MINUTE) == 1
    assert rows(quiet) == {(0, "joined", "sold_out"): (1, 2)}


@pytest.mark.django_db
def test_work_of_a_run_is_bounded(clock, counted, monkeypatch):
    monkeypatch.setattr(lost_demand_rolling, "PAUSE", MINUTE)
    monkeypatch.setattr(lost_demand_rolling, "MOST_REFUSALS", 3)
    clock.stop(START)
    small, large = an_event(), an_event()
    for _ in range(5):
        refuse(large, START - 3 * HOUR, user=person())
    refuse(small, START - HOUR, user=person())
    assert roll_up() == 1, "the bound is passed"
    assert roll_up() == 1
    assert counted == [large, small], "the one that waited longest is first"

    for minutes, due in ((1, [small]), (4, []), (5, [large])):
        del counted[:]
        clock.stop(START + minutes * MINUTE)
        refuse(large, now() - MINUTE / 2, user=person())
        if minutes == 1:
            refuse(small, now() - MINUTE / 2, user=person())
        roll_up()
        assert counted == due, "after five refusals five minutes, and one after one"
    assert rows(large) == {(0, "lost", "sold_out"): (8, 8)}
    assert rows(small) == {(0, "lost", "sold_out"): (2, 2)}


@pytest.mark.django_db
def test_counts_outlast_the_attempts_and_are_not_counted_down(clock):
    clock.stop(START)
    event_id, keen, once = an_event(), person(), person()
    refuse(event_id, START - 25 * DAY, 4, user=keen)
    refuse(event_id, START - HOUR, 2, user=keen)
    refuse(event_id, START - HOUR, 3, user=once)
    roll_up()
    # Counted once, on the day of the last refusal, with the most seats.
    assert rows(event_id) == {(0, "lost", "sold_out"): (2, 7)}

    # Their first attempts are gone, and someone else comes.
    clock.stop(START + 70 * DAY)
    assert delete_old_attempts() == 1
    refuse(event_id, now() - HOUR, 1, user=person())
    roll_up()
    kept = {(0, "lost", "sold_out"): (2, 7), (70, "lost", "sold_out"): (1, 1)}
    assert rows(event_id) == kept

    # All attempts of that day are gone; who comes back after so long counts again.
    clock.stop(START + 100 * DAY)
    assert delete_old_attempts() == 2
    refuse(event_id, now() - HOUR, 5, user=keen)
    roll_up()
    assert rows(event_id) == kept | {(100, "lost", "sold_out"): (1, 5)}
    clock.stop(START + 250 * DAY)
    assert delete_old_attempts() == 2
    assert agreement.check_lost_demand(at=now(), mend=True).total == 0
    assert sum(row.people for row in refused_people([event_id])) == 4
    assert refused_people([event_id], first=now().date() - 30 * DAY) == []


@pytest.mark.django_db
def test_refusals_a_month_apart_are_two_cases_until_the_day_is_written_for_good(clock):
    clock.stop(START)
    event_id, ana = an_event(), person()
    for days in (75, 44, 20, 10):
        refuse(event_id, START - days * DAY, 1, user=ana)
    book(event_id, ana, START - 9 * DAY)
    roll_up()
    # What a first run finds of the days before is written, too.
    assert rows(event_id) == {
        (-75, "booked", "sold_out"): (1, 1),
        (-10, "booked", "sold_out"): (1, 1),
    }
    # A late run writes the same as one in time.
    run("DELETE FROM event_lost_demand WHERE day > '2026-05-01'")
    clock.stop(START + 25 * DAY)
    lost_demand_rolling.write(event_id, at=now())
    assert set(rows(event_id)) == {
        (-75, "booked", "sold_out"),
        (-10, "booked", "sold_out"),
    }


@pytest.mark.django_db
def test_row_that_was_changed_lost_or_made_up_is_found_and_mended(clock, capsys):
    clock.stop(START)
    event_id = an_event()
    for reason in ("sold_out", "event_busy", "waitlist_first"):
        refuse(event_id, START - HOUR, 2, user=person(), reason=reason)
    roll_up()
    clock.stop(START + HOUR)
    for resolution in Resolution:
        rolling.roll_up(resolution)
    right = rows(event_id)
    call_command("check_analytics")
    assert "Lost demand from 2026-04-02: 0 differences." in capsys.readouterr().out
    run("UPDATE event_lost_demand SET people = 2, seats = 5 WHERE reason = 'sold_out'")
    run("DELETE FROM event_lost_demand WHERE reason = 'event_busy'")
    run("UPDATE event_lost_demand SET reason = 'x' WHERE reason = 'waitlist_first'")

    found = agreement.check_lost_demand(at=now(), mend=False).differences

    assert [
        (one.metric.removeprefix("lost_demand:lost:"), one.stored, one.found) for one in found
    ] == [
        ("event_busy:people", None, 1),
        ("event_busy:seats", None, 2),
        ("event_busy:value", None, 40),
        ("sold_out:people", 2, 1),
        ("sold_out:seats", 5, 2),
        ("waitlist_first:people", None, 1),
        ("waitlist_first:seats", None, 2),
        ("waitlist_first:value", None, 40),
        ("x:people", 1, None),
        ("x:seats", 2, None),
        ("x:value", 40, None),
    ]
    assert RollUp.objects.get(pk=RollUp.LOST_DEMAND).differences == 11
    with pytest.raises(CommandError, match="11 figures differ"):
        call_command("check_analytics")
    assert (
        "sold_out:people 2026-06-01 00:00 UTC: 2 is stored, 1 is right" in capsys.readouterr().out
    )
    call_command("check_analytics", "--mend")
    assert rows(event_id) == right
    call_command("check_analytics")
    # What is about to be counted again does not differ.
    refuse(event_id, now() - MINUTE, 1, user=person())
    assert agreement.check_lost_demand(at=now(), mend=False).total == 0
    assert rows(event_id) == right


@pytest.mark.django_db
def test_failure_leaves_nothing_half_done_and_other_events_are_counted(clock, monkeypatch):
    clock.stop(START)
    broken, other = an_event(), an_event()
    for hours, event_id in ((2, broken), (1, other)):
        refuse(event_id, START - hours * HOUR, 1, user=person())
    whole = lost_demand_rolling._run

    def stops_after_writing(ending, event_id, **window):
        found = whole(ending, event_id, **window)
        if event_id == broken:
            raise TimeoutError
        return found

    monkeypatch.setattr(lost_demand_rolling, "_run", stops_after_writing)
    with pytest.raises(SweepIncomplete):
        roll_up()
    assert rows(broken) == {}
    assert rows(other) == {(0, "lost", "sold_out"): (1, 1)}
    monkeypatch.undo()
    assert roll_up() == 1
    assert rows(broken) == {(0, "lost", "sold_out"): (1, 1)}


@pytest.mark.django_db(transaction=True)
def test_one_worker_at_a_time_counts_an_event():
    event_id = an_event(event_date=now() + 300 * DAY)
    refuse(event_id, now() - HOUR, 1, user=person())
    lost_demand_rolling.mark(until=now())
    parameters = connection.get_connection_params()
    chosen = {
        key: parameters[key]
        for key in ("host", "port", "dbname", "user", "password")
        if key in parameters
    }
    with psycopg.connect(**chosen, options=AS_WORKER) as other:
        other.execute("SELECT FROM lost_demand_states WHERE event_id = %s FOR UPDATE", [event_id])
        assert lost_demand_rolling.write(event_id, at=now()) == 0
        assert not LostDemand.objects.exists()
        key = "evently:lifecycle:roll-up-lost-demand"
        other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
        assert roll_up() is None
    assert roll_up() == 1
    assert LostDemand.objects.get().people == 1
    # One that began before and ended later writes nothing.
    assert lost_demand_rolling.write(event_id, at=now() - HOUR) == 0
