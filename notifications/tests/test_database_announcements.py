"""Announcements, by plain SQL."""

from uuid import uuid4

import pytest

from evently.tests.rows import event, insert
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db


def test_announcement_belongs_to_an_event_and_is_deleted_with_it():
    event_id = event()
    row = {"key": "key", "message": "Jazz has changed."}
    announcement_id = insert("announcements", event_id=event_id, **row)
    with refused("announcements_pkey"):
        insert("announcements", id=announcement_id, event_id=event_id, **row)
    with refused("fk_announcements_event"):
        insert("announcements", event_id=uuid4(), **row)
        run("SET CONSTRAINTS ALL IMMEDIATE")

    run("DELETE FROM events WHERE id = %s", event_id)

    assert value("SELECT count(*) FROM announcements") == 0
