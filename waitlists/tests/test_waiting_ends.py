"""People wait until sales end, or until they wished to; what organizers change moves that."""

from datetime import timedelta

import pytest

from evently.database.clock import now
from events.operations import edit_event
from waitlists import queries, tasks
from waitlists.models import EntryStatus
from waitlists.tests.lines import free, full_event, wait

pytestmark = pytest.mark.django_db


def edit(event, **changes):
    event.refresh_from_db()
    edit_event(event_id=event.pk, version=event.version, **changes)


def end_of(entry):
    entry.refresh_from_db()
    return entry.expires_at


def test_who_waits_until_sales_end_waits_until_their_new_end():
    event, _ = full_event()
    entry = wait(event)
    later, sooner = event.event_date + timedelta(days=9), event.event_date - timedelta(days=9)
    assert end_of(entry) == event.event_date

    edit(event, event_date=later)
    assert end_of(entry) == later
    edit(event, sales_end_at=sooner)
    assert end_of(entry) == sooner
    edit(event, sales_end_at=None)
    assert end_of(entry) == later


def test_who_wished_for_an_end_keeps_it_unless_sales_end_before():
    event, _ = full_event()
    wish = now() + timedelta(days=5)
    entry = wait(event, expires_at=wish)

    edit(event, event_date=event.event_date + timedelta(days=9))
    assert end_of(entry) == wish
    edit(event, sales_end_at=wish - timedelta(days=1))
    assert end_of(entry) == wish - timedelta(days=1)


def test_sales_that_begin_sooner_than_they_would_have_serve_the_line():
    event, booking = full_event()
    entry = wait(event)
    edit(event, sales_start_at=now() + timedelta(days=5))
    free(booking)
    entry.refresh_from_db()
    assert entry.status == EntryStatus.WAITING

    edit(event, sales_start_at=None)

    entry.refresh_from_db()
    assert entry.status == EntryStatus.PROMOTED


def test_who_has_waited_long_enough_is_let_go_although_nothing_came_free(clock):
    event, _ = full_event()
    short, long = wait(event, expires_at=now() + timedelta(hours=1)), wait(event)

    tasks.repair_lines()
    clock.move(timedelta(hours=1, seconds=1))
    assert queries.events_to_repair() == [event.pk]
    tasks.repair_lines()

    for entry in (short, long):
        entry.refresh_from_db()
    assert (short.status, short.position) == (EntryStatus.EXPIRED, None)
    assert (long.status, long.position) == (EntryStatus.WAITING, 1)
    assert queries.events_to_repair() == []
