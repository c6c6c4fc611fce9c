"""Messages to attendees, by plain SQL."""

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from django.db import ProgrammingError, transaction

from evently.database.identity import VISITOR, WORKER, acting_as, attendee
from evently.tests.database import as_owner
from evently.tests.rows import insert, person
from evently.tests.sql import assert_refused, refused, run, value
from events.factories import EventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return EventFactory(timezone="Pacific/Auckland")


def written(event, **columns):
    given = {"subject": "Doors", "body": "At seven.", "audience": "booked", "by_id": person()}
    return insert("organizer_messages", event_id=event.pk, **(given | columns))


def change(row, changes, *values):
    run(f"UPDATE organizer_messages SET {changes} WHERE id = %s", *values, row)


def send(row):
    change(row, "state = 'sending', started_at = evently_clock()")


def end(row, state="sent"):
    change(row, "state = %s, ended_at = evently_clock()", state)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"audience": "everybody"}, "chk_organizer_message_audience"),
        ({"audience": "bookings"}, "chk_organizer_message_bookings"),
        ({"subject": ""}, "chk_organizer_message_subject"),
        ({"subject": "Doors\r\nBcc: all@example.org"}, "chk_organizer_message_subject"),
        ({"subject": "x" * 151}, "chk_organizer_message_subject"),
        ({"body": ""}, "chk_organizer_message_body"),
        ({"body": "x" * 10_001}, "chk_organizer_message_body"),
        ({"hold": "weather"}, "chk_organizer_message_hold"),
        ({"send_at": datetime(2099, 1, 1, tzinfo=UTC)}, "chk_organizer_message_times"),
        ({"by_id": uuid4()}, "fk_organizer_messages_by"),
        ({"state": "sent"}, "trg_organizer_message"),
        ({"recipients": 3}, "trg_organizer_message"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_message_begins_as_a_valid_draft(event, columns, constraint):
    row = written(event, subject="x" * 150, body="x" * 10_000)
    with refused("organizer_messages_pkey"):
        written(event, id=row)
    with refused(constraint):
        written(event, **columns)


def test_message_belongs_to_an_event_that_exists(event):
    event.pk = uuid4()
    with refused("fk_organizer_messages_event"):
        written(event)


def test_states_are_known_and_follow_each_other(event):
    row = written(event)
    with refused("chk_organizer_message_counts"):
        change(row, "withdrawn = -1")
    for state in ("sent", "stopped", "lost"):
        with refused("trg_organizer_message"):
            change(row, "state = %s", state)
    with refused("chk_organizer_message_times"):
        change(row, "state = 'scheduled'")
    change(row, "state = 'scheduled', send_at = evently_clock() + interval '1 day'")
    with refused("trg_organizer_message"):
        change(row, "send_at = evently_clock() + interval '2 days'")
    with refused("trg_organizer_message"):
        change(row, "body = 'At eight.'")
    change(row, "state = 'draft', send_at = NULL, body = 'At eight.'")
    send(row)
    end(row)
    for state in ("draft", "sending"):
        with refused("trg_organizer_message"):
            change(row, "state = %s, ended_at = NULL", state)
    end(row, "stopped")
    with refused("trg_organizer_message"):
        end(row, "sent")


def test_what_is_being_sent_stays_as_it_is(event):
    row = written(event)
    change(row, "subject = 'Doors open'")
    send(row)
    for changes in (
        "subject = 'Late'",
        "body = 'At nine.'",
        "audience = 'waiting'",
        "started_at = started_at + interval '1 day'",
        "recipients = 5",
        "by_id = gen_random_uuid()",
        "created_at = created_at - interval '1 day'",
        "subject = '(erased)', body = '(erased)'",
    ):
        with refused("trg_organizer_message"):
            change(row, changes)
    change(row, "told = 2")
    with refused("trg_organizer_message"):
        change(row, "told = 1")
    # Its author's account is left, or deleted from the database.
    run(
        "UPDATE users SET deletion_requested_at = evently_clock(),"
        " deletion_due_at = evently_clock(), deletion_started_at = evently_clock()"
        " WHERE id = (SELECT by_id FROM organizer_messages WHERE id = %s)",
        row,
    )
    change(row, "subject = '(erased)', body = '(erased)'")
    change(row, "by_id = NULL")


def test_times_are_the_databases_own(event, clock):
    clock.stop(datetime(2031, 5, 1, 12, tzinfo=UTC))
    row = written(event)
    change(row, "state = 'sending', started_at = '2020-01-01'")
    change(row, "state = 'sent', ended_at = '2020-01-01'")
    times = "SELECT started_at = ended_at AND started_at = evently_clock() FROM organizer_messages"
    assert value(times)


def test_event_has_so_many_messages_a_day_by_its_own_calendar(event, clock):
    # 23:00 in Auckland.
    clock.stop(datetime(2031, 5, 1, 11, tzinfo=UTC))
    for number in range(4):
        row = written(event)
        send(row)
        if number:
            end(row, "stopped")
    tomorrow = "state = 'scheduled', send_at = evently_clock() + interval '2 hours'"
    change(written(event), tomorrow)
    send(written(event))
    send(written(EventFactory()))

    with refused("trg_organizer_message_limit"):
        send(written(event))
    with refused("trg_organizer_message_limit"):
        # A time that has passed is now.
        change(written(event), "state = 'scheduled', send_at = evently_clock() - interval '9 days'")

    clock.stop(datetime(2031, 5, 1, 13, tzinfo=UTC))
    for _ in range(4):
        send(written(event))
    with refused("trg_organizer_message_limit"):
        send(written(event))
    # The one that was scheduled has its place.
    run("UPDATE organizer_messages SET state = 'sending' WHERE state = 'scheduled'")


def test_event_that_travels_around_the_world_has_no_more_messages(event, clock):
    """Each zone has a midnight of its own, after which another day would begin."""
    for hour, zone in enumerate(["Etc/GMT-14", "Etc/GMT-13", "Etc/GMT-12"]):
        clock.stop(datetime(2031, 5, 1, 10 + hour, tzinfo=UTC))
        run("UPDATE events SET timezone = %s WHERE id = %s", zone, event.pk)
        rows = [written(event) for _ in range(5)]
        if hour < 2:
            for row in rows:
                send(row)
    with refused("trg_organizer_message_limit"):
        send(rows[0])
    clock.stop(datetime(2031, 5, 2, 8, 1, tzinfo=UTC))
    send(rows[0])


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE secrets.organizer_messages SET per_day = 0", "chk_organizer_messages_limit"),
        ("UPDATE secrets.organizer_messages SET single = false", "chk_organizer_messages_single"),
        ("INSERT INTO secrets.organizer_messages VALUES (true)", "organizer_messages_limit_pkey"),
    ],
    ids=lambda one: one.rpartition(" ")[2],
)
def test_the_limit_is_one_number(statement, constraint):
    with as_owner() as owner, pytest.raises(psycopg.IntegrityError) as refusal:
        owner.execute(statement)
    assert_refused(refusal.value, constraint)


def test_the_application_can_neither_read_nor_raise_the_limit():
    for statement in ("SELECT * FROM {}", "UPDATE {} SET per_day = 100"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            run(statement.format("secrets.organizer_messages"))


def test_what_a_message_says_is_told_to_who_was_sent_it(event):
    row, recipient, other = written(event), person(), person()
    for user, key in ((recipient, f"organizer_message:{row}"), (other, f"event_over:{row}")):
        insert("message_keys", user_id=user, key=key, notification_id=uuid4())

    told = "SELECT (SELECT body FROM evently_received_message(%s, %s))"
    with acting_as(attendee(recipient)):
        assert value(told, event.pk, row) == "At seven."
        assert value(told, uuid4(), row) is None
    for identity in (attendee(other), VISITOR, WORKER):
        with acting_as(identity):
            assert value(told, event.pk, row) is None

    listed = "SELECT id, is_named FROM evently_received_messages(%s, %s)"
    booking = uuid4()
    with acting_as(attendee(recipient)):
        assert run(listed, event.pk, booking) == [(row, False)]
        assert run(listed, uuid4(), booking) == []
    for identity in (attendee(other), VISITOR, WORKER):
        with acting_as(identity):
            assert run(listed, event.pk, booking) == []
