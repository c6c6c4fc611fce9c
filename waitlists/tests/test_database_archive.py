"""Waitlists are archived by the owner's function, which refuses those that are not over."""

from datetime import timedelta

import pytest

from evently.tests.rows import full_event, wait
from evently.tests.sql import refused, run

pytestmark = pytest.mark.django_db
ARCHIVE = "SELECT evently_archive_waitlist(%s)"


def completed(event_id):
    run("UPDATE events SET status = 'completed' WHERE id = %s", event_id)


def test_waitlist_of_an_event_that_ended_lately_is_not_archived(clock):
    event_id, _ = full_event()
    clock.move(timedelta(days=30 + 180))
    completed(event_id)

    with refused("trg_archive_early"):
        run(ARCHIVE, event_id)


def test_open_waitlist_is_not_archived(clock):
    event_id, _ = full_event()
    wait(event_id)
    clock.move(timedelta(days=400))
    completed(event_id)

    with refused("trg_archive_open"):
        run(ARCHIVE, event_id)
