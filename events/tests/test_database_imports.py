"""What the database holds about imports, whoever writes."""

import pytest

from evently.accounts.factories import OrganizerFactory
from evently.tests.sql import refused, run
from events.factories import EventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch():
    ((pk,),) = run(
        "INSERT INTO event_imports (organizer_id, file_name, content) VALUES (%s, 'a.csv', 'x')"
        " RETURNING id",
        OrganizerFactory().pk,
    )
    return pk


def insert_row(batch, **values):
    row = {"batch_id": batch, "line": 2, "name": "Fair", "outcome": "new", "source_key": "csv:1"}
    row |= values
    ((pk,),) = run(
        f"INSERT INTO event_import_rows ({', '.join(row)})"
        f" VALUES ({', '.join(['%s'] * len(row))}) RETURNING id",
        *row.values(),
    )
    return pk


def update(batch, assignments):
    run(f"UPDATE event_imports SET {assignments} WHERE id = %s", batch)


def test_an_import_has_a_known_state(batch):
    update(batch, "state = 'ready'")
    with refused("chk_import_content"):
        update(batch, "state = 'paused'")


def test_the_file_is_kept_until_its_events_are_made_and_no_longer(batch):
    with refused("chk_import_content"):
        update(batch, "content = NULL")
    with refused("chk_import_content"):
        update(batch, "state = 'applying'")
    update(batch, "state = 'applying', content = NULL")


def test_what_was_carried_out_says_when(batch):
    with refused("chk_import_applied"):
        update(batch, "state = 'applied', content = NULL")
    update(batch, "state = 'applied', content = NULL, applied_at = now()")


def test_an_import_belongs_to_a_user_and_goes_with_them(batch):
    with refused("fk_event_imports_organizer"):
        update(batch, "organizer_id = gen_random_uuid()")


def test_ids_are_unique(batch):
    row = insert_row(batch)
    with refused("event_imports_pkey"):
        run("INSERT INTO event_imports SELECT * FROM event_imports")
    with refused("event_import_rows_pkey"):
        insert_row(batch, id=row, source_key="csv:2")


def test_rows_have_known_outcomes_and_states(batch):
    insert_row(batch)
    with refused("chk_import_row_outcome"):
        insert_row(batch, outcome="odd")
    with refused("chk_import_row_state"):
        insert_row(batch, source_key="csv:2", state="odd")


def test_only_rows_with_an_event_are_done(batch):
    event = EventFactory().pk
    with refused("chk_import_row_done"):
        insert_row(batch, state="done")
    with refused("chk_import_row_done"):
        insert_row(batch, state="done", outcome="refused", message="x", event_id=event)
    insert_row(batch, state="done", event_id=event)


def test_a_refusal_says_why(batch):
    with refused("chk_import_row_refused"):
        insert_row(batch, outcome="refused")
    insert_row(batch, outcome="refused", message="It has no name.")


def test_a_row_is_carried_out_once(batch):
    insert_row(batch)
    with refused("unq_import_row"):
        insert_row(batch, outcome="changed")
    insert_row(batch, outcome="unchanged")


def test_rows_belong_to_an_import_and_go_with_it(batch):
    with refused("fk_event_import_rows_batch"):
        insert_row("0190a000-0000-7000-8000-000000000000")
    insert_row(batch)
    run("DELETE FROM event_imports WHERE id = %s", batch)
    assert run("SELECT count(*) FROM event_import_rows") == [(0,)]
