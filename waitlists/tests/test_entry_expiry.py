"""Until when entries wait: the end of sales, or an earlier end of their own."""

from datetime import timedelta

import pytest

from evently.database.clock import now
from events.operations import edit_event
from waitlists import queries, tasks
from waitlists.models import EntryStatus
from waitlists.tests.helpers import cancel, full_event, join

pytestmark = pytest.mark.django_db


def edit(event, **changes):
    event.refresh_from_db()
    edit_event(event_id=event.pk, version=event.version, **changes)


def expiry_of(entry):
    entry.refresh_from_db()
    return entry.expires_at


def test_entry_waits_until_the_new_end_of_sales():
    event, _ = full_event()
    entry = join(event)
    later, sooner = event.event_date + timedelta(days=9), event.event_date - timedelta(days=9)
    assert expiry_of(entry) == event.event_date

    edit(event, event_date=later)
    assert expiry_of(entry) == later
    edit(event, sales_end_at=sooner)
    assert expiry_of(entry) == sooner
    edit(event, sales_end_at=None)
    assert expiry_of(entry) == later


def test_entry_keeps_its_own_end_unless_sales_end_before():
    event, _ = full_event()
    own_end = now() + timedelta(days=5)
    entry = join(event, expires_at=own_end)

    edit(event, event_date=event.event_date + timedelta(days=9))
    assert expiry_of(entry) == own_end
    edit(event, sales_end_at=own_end - timedelta(days=1))
    assert expiry_of(entry) == own_end - timedelta(days=1)


def test_earlier_start_of_sales_promotes_the_waitlist():
    event, booking = full_event()
    entry = join(event)
    edit(event, sales_start_at=now() + timedelta(days=5))
    cancel(booking)
    entry.refresh_from_db()
    assert entry.status == EntryStatus.WAITING

    edit(event, sales_start_at=None)

    entry.refresh_from_db()
    assert entry.status == EntryStatus.PROMOTED


def test_overdue_entry_is_closed_although_no_seat_was_freed(clock):
    event, _ = full_event()
    short, long = join(event, expires_at=now() + timedelta(hours=1)), join(event)

    tasks.repair_waitlists()
    clock.move(timedelta(hours=1, seconds=1))
    assert queries.events_to_repair() == [event.pk]
    tasks.repair_waitlists()

    for entry in (short, long):
        entry.refresh_from_db()
    assert (short.status, short.position) == (EntryStatus.EXPIRED, None)
    assert (long.status, long.position) == (EntryStatus.WAITING, 1)
    assert queries.events_to_repair() == []
