"""Runs of sending emails again, by plain SQL."""

from uuid import uuid4

import pytest

from evently.tests.rows import insert, person
from evently.tests.sql import refused, run
from events.factories import EventFactory

pytestmark = pytest.mark.django_db


def begun(**columns):
    return insert("resend_runs", **({"user_id": person(), "delivery_ids": [uuid4()]} | columns))


def test_one_run_of_an_event_and_of_the_site_is_open_at_a_time():
    event, other = EventFactory(), EventFactory()
    first = begun(event_id=event.pk)
    with refused("resend_runs_pkey"):
        begun(id=first, event_id=other.pk)
    begun(event_id=other.pk)
    begun()
    for event_id in (event.pk, None):
        with refused("unq_resend_run_open"):
            begun(event_id=event_id)
    run("UPDATE resend_runs SET done = 1, finished_at = evently_clock() WHERE id = %s", first)
    begun(event_id=event.pk)


def test_run_has_emails_and_stays_but_for_its_progress():
    with refused("chk_resend_run_number"):
        begun(delivery_ids=[])
    for column in ("done", "sent", "waiting", "too_often", "gone"):
        with refused(f"resend_runs_{column}_check"):
            begun(**{column: -1})
    with refused("fk_resend_runs_user"):
        begun(user_id=uuid4())
    row = begun()
    run("UPDATE resend_runs SET done = 1, sent = 1 WHERE id = %s", row)
    changes = ("delivery_ids = delivery_ids || id", "done = 0", "user_id = evently_uuid7()")
    for change in changes:
        with refused("trg_delivery_frozen"):
            run(f"UPDATE resend_runs SET {change} WHERE id = %s", row)
    run("UPDATE resend_runs SET finished_at = evently_clock() WHERE id = %s", row)
    with refused("trg_delivery_frozen"):
        run("UPDATE resend_runs SET finished_at = NULL WHERE id = %s", row)
