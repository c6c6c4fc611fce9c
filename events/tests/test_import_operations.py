"""Imports step by step: read, shown, carried out once, changed by the next file, discarded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from evently.accounts.factories import OrganizerFactory
from evently.audit.models import AuditLog
from evently.database.clock import now
from events import tasks
from events.import_models import EventImport, EventImportRow, ImportState
from events.importing import operations, queries
from events.importing.inserting import add_events
from events.importing.plan import Candidate, Plan
from events.models import Event
from events.operations import edit_event, publish_event

DATA = Path(__file__).parent / "data"
HEADER = "Subject,Start Date,Start Time,Location\n"
FAIR = HEADER + "Fair,2030-11-30,19:30,Ghent\n"
CALENDAR = (
    "BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:Europe/Berlin\r\nBEGIN:VEVENT\r\nUID:fair\r\n"
    "SUMMARY:{name}\r\nLOCATION:{place}\r\nDTSTART;TZID=Europe/Berlin:2030{day}T193000\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def start(content, organizer, **plan):
    return operations.start_import(
        organizer_id=organizer.pk,
        file_name="events.csv",
        content=content.encode(),
        plan=Plan(**{"now": now(), "timezone": "Europe/Berlin", **plan}),
    )


def read(content, organizer, **plan):
    batch = start(content, organizer, **plan)
    operations.read_import(import_id=batch.pk)
    batch.refresh_from_db()
    return batch


def run(content, organizer, *, notify=False, **plan):
    batch = read(content, organizer, **plan)
    operations.apply_import(import_id=batch.pk, notify=notify)
    assert operations.continue_applying(import_id=batch.pk)
    batch.refresh_from_db()
    return batch


def calendar(name="Fair", place="Ghent", day="1130"):
    return CALENDAR.format(name=name, place=place, day=day)


@pytest.fixture
def organizer():
    return OrganizerFactory()


# ── Reading ─────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_a_file_is_read_and_shown_before_anything_is_imported(organizer):
    batch = read((DATA / "every_refusal.csv").read_text(), organizer)

    counts = queries.counts_of(batch)
    assert batch.state == ImportState.READY
    assert (counts["new"], counts["refused"]) == (5, 13)
    assert batch.left_out == {"Topic": 1, "Website URL": 1}
    assert not Event.objects.exists()
    ends = next(one for one in queries.refusals_of(batch) if one["reason"] == "ends_before_start")
    assert (ends["number"], [row.line for row in ends["examples"]]) == (2, [16, 17])


@pytest.mark.django_db
def test_a_file_that_leaves_something_open_waits_for_answers(organizer):
    batch = read(HEADER + "Fair,05/06/2030,19:30,Ghent\n", organizer, timezone="")
    assert batch.state == ImportState.ASKING
    assert set(batch.questions) == {"timezone", "day_order"}

    plan = Plan(now=now(), timezone="Europe/Berlin", day_order="day_first")
    operations.answer_import(import_id=batch.pk, plan=plan)
    operations.read_import(import_id=batch.pk)

    batch.refresh_from_db()
    assert (batch.state, batch.questions) == (ImportState.READY, {})
    assert EventImportRow.objects.get().columns["event_date"] == "2030-06-05T17:30:00+00:00"


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_to_its_end_says_so(organizer):
    batch = read(HEADER + '"Never closed,2030-11-30\n' + "x\n" * 100_000, organizer)

    assert batch.state == ImportState.FAILED
    assert "unclosed quotation mark" in batch.problem


@pytest.mark.django_db
def test_a_file_that_stops_its_task_is_given_up(organizer):
    batch = start(FAIR, organizer)
    EventImport.objects.filter(pk=batch.pk).update(attempts=operations.MOST_ATTEMPTS)

    operations.read_import(import_id=batch.pk)

    batch.refresh_from_db()
    assert batch.state == ImportState.FAILED


# ── Carrying out ────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_an_import_is_one_act_of_its_organizer_and_drops_the_file(organizer):
    batch = run(FAIR, organizer)

    event = Event.objects.get()
    row = EventImportRow.objects.get()
    assert (batch.state, batch.content, batch.rows_done) == (ImportState.APPLIED, None, 1)
    assert (row.state, row.event_id, row.version) == ("done", event.pk, 1)
    log = AuditLog.objects.get(table_name="events", action="insert")
    assert (log.actor, str(log.act)) == (str(organizer.pk), str(batch.pk))


@pytest.mark.django_db
def test_an_import_goes_on_where_it_was_stopped(organizer, monkeypatch):
    monkeypatch.setattr(operations, "APPLIED_AT_ONCE", 2)
    rows = "".join(f"Fair {n},2030-11-30,19:30,Ghent\n" for n in range(5))
    batch = read(HEADER + rows, organizer)
    operations.apply_import(import_id=batch.pk)

    assert not operations.continue_applying(import_id=batch.pk, until=lambda: True)
    batch.refresh_from_db()
    assert (batch.rows_done, batch.rows_total, Event.objects.count()) == (2, 5, 2)
    EventImport.objects.filter(pk=batch.pk).update(updated_at=now() - timedelta(minutes=5))
    assert queries.stalled_imports(ImportState.APPLYING) == [batch.pk]

    tasks.apply_import(str(batch.pk))
    tasks.apply_import(str(batch.pk))
    batch.refresh_from_db()
    assert (batch.state, batch.rows_done, Event.objects.count()) == (ImportState.APPLIED, 5, 5)


@pytest.mark.django_db(transaction=True)
def test_two_tasks_carry_an_import_out_once(organizer, monkeypatch):
    monkeypatch.setattr(operations, "APPLIED_AT_ONCE", 3)
    rows = "".join(f"Fair {n},2030-11-30,19:30,Ghent\n" for n in range(20))
    batch = read(HEADER + rows, organizer)
    operations.apply_import(import_id=batch.pk)
    barrier, failures = Barrier(2), []

    def work():
        try:
            barrier.wait()
            operations.continue_applying(import_id=batch.pk)
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    batch.refresh_from_db()
    assert (batch.state, batch.rows_done, Event.objects.count()) == (ImportState.APPLIED, 20, 20)


@pytest.mark.django_db
def test_rows_that_the_database_refuses_are_refused_alone(organizer):
    zone = {"timezone": "Europe/Berlin", "venue": "Ghent", "description": "", "ends_at": None}
    dates = [datetime(2030, 11, 30, 19, tzinfo=UTC)] * 7
    dates[4] = datetime(2020, 11, 30, 19, tzinfo=UTC)
    candidates = [
        Candidate(
            n, f"Fair {n}", f"csv:{n}", columns={"name": f"Fair {n}", "event_date": at} | zone
        )
        for n, at in enumerate(dates)
    ]

    refused = add_events(candidates, plan=Plan(now=now()), organizer_id=organizer.pk)

    assert Event.objects.count() == 6
    assert {key: one.message for key, one in refused.items()} == {
        "csv:4": "It does not start in the future."
    }


@pytest.mark.django_db
def test_an_import_costs_the_same_statements_for_1_and_100_rows(
    organizer, django_assert_max_num_queries
):
    for count in (1, 100):
        rows = "".join(f"Fair {count}-{n},2030-11-30,19:30,Ghent\n" for n in range(count))
        with django_assert_max_num_queries(60):
            run(HEADER + rows, organizer)


# ── Again ───────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_the_same_file_changes_nothing(organizer):
    run(FAIR, organizer)
    batch = read(FAIR, organizer)

    assert queries.counts_of(batch)["unchanged"] == 1
    with pytest.raises(operations.ImportNotReady, match="nothing to import"):
        operations.apply_import(import_id=batch.pk)


@pytest.mark.django_db
def test_a_calendar_that_has_changed_changes_its_events(organizer):
    run(calendar(), organizer)
    batch = run(calendar(name="Winter Fair", day="1201"), organizer)

    event = Event.objects.get()
    row = EventImportRow.objects.get(batch=batch)
    assert (event.name, event.starts_locally.day) == ("Winter Fair", 1)
    assert set(row.changes) == {"name", "event_date"}
    assert row.outcome == "changed"


@pytest.mark.django_db
def test_what_was_edited_here_stays_as_it_is(organizer):
    run(calendar(), organizer)
    event = Event.objects.get()
    edit_event(event_id=event.pk, version=None, venue="Town Hall", description="By hand")

    batch = run(calendar(name="Winter Fair", place="Bruges"), organizer)

    event.refresh_from_db()
    row = EventImportRow.objects.get(batch=batch)
    assert (event.name, event.venue, event.description) == ("Winter Fair", "Town Hall", "By hand")
    assert row.message == "Edited here, so it stays as it is: venue."


@pytest.mark.django_db
def test_what_is_edited_between_preview_and_import_is_refused(organizer):
    run(calendar(), organizer)
    batch = read(calendar(name="Winter Fair"), organizer)
    event = Event.objects.get()
    edit_event(event_id=event.pk, version=None, name="Summer Fair")

    operations.apply_import(import_id=batch.pk)
    operations.continue_applying(import_id=batch.pk)

    event.refresh_from_db()
    assert event.name == "Summer Fair"
    assert EventImportRow.objects.get(batch=batch).state == "failed"


@pytest.mark.django_db
@pytest.mark.parametrize("notify", [True, False])
def test_changes_of_published_events_notify_only_if_chosen(organizer, notify):
    run(calendar(), organizer)
    event = publish_event(event_id=Event.objects.get().pk)

    run(calendar(day="1201"), organizer, notify=notify)

    event.refresh_from_db()
    assert event.last_change["notified"] is notify


@pytest.mark.django_db
def test_the_same_file_of_two_organizers_makes_events_of_their_own(organizer):
    other = OrganizerFactory()
    for each in (organizer, other):
        run(calendar(), each)

    assert Event.objects.filter(created_by=other).count() == 1
    assert queries.visible_imports(other).count() == 1


# ── Discarding ──────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_an_import_is_discarded_with_its_rows_only_before_it_is_carried_out(organizer):
    batch = read(FAIR, organizer)
    operations.discard_import(import_id=batch.pk)
    assert not EventImport.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM event_import_rows")
        assert cursor.fetchone() == (0,)

    done = run(FAIR, organizer)
    with pytest.raises(operations.ImportNotReady):
        operations.discard_import(import_id=done.pk)


@pytest.mark.django_db
def test_forgotten_uploads_are_deleted(organizer):
    batch = read(FAIR, organizer)
    applied = run(FAIR, organizer)
    long_ago = now() - queries.KEPT_FOR - timedelta(minutes=1)
    EventImport.objects.update(updated_at=long_ago)

    tasks.continue_imports()

    assert list(EventImport.objects.values_list("pk", flat=True)) == [applied.pk]
    assert not EventImport.objects.filter(pk=batch.pk).exists()
