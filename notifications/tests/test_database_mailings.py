"""Mailings, and when they are due, by plain SQL."""

from uuid import uuid4

import pytest

from evently.tests.rows import event, insert
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

REMINDED = "SELECT evently_reminded_from(%s::timestamptz, %s, %s) AT TIME ZONE %s"


def test_mailing_is_unique_for_its_time_and_deleted_with_its_event():
    event_id = event()
    row = {"event_id": event_id, "kind": "reminder", "due_at": "2026-11-28", "people": 3}
    mailing_id = insert("mailings", **row)
    insert("mailings", **row | {"due_at": "2026-11-29"})
    with refused("unq_mailing"):
        insert("mailings", **row)
    with refused("mailings_pkey"):
        insert("mailings", **row | {"id": mailing_id, "kind": "event_over"})
    with refused("chk_mailing_kind"):
        insert("mailings", **row | {"kind": "booking_confirm"})
    with refused("mailings_people_check"):
        insert("mailings", **row | {"kind": "event_over", "people": -1})
    with refused("fk_mailings_event"):
        insert("mailings", **row | {"event_id": uuid4()})
        run("SET CONSTRAINTS ALL IMMEDIATE")

    run("DELETE FROM events WHERE id = %s", event_id)

    assert value("SELECT count(*) FROM mailings") == 0


@pytest.mark.parametrize("hours", [0, 337, -1])
def test_event_refuses_a_reminder_at_another_time(hours):
    with refused("chk_event_reminder"):
        event(reminder_hours=hours)


@pytest.mark.parametrize(
    ("starts", "zone", "hours", "reminded"),
    [
        ("2027-05-01 19:00+02", "Europe/Berlin", 24, "2027-04-30 19:00"),
        # Clocks go forward on 28 March, and back on 31 October.
        ("2027-03-28 19:00+02", "Europe/Berlin", 24, "2027-03-27 19:00"),
        ("2027-10-31 19:00+01", "Europe/Berlin", 24, "2027-10-30 19:00"),
        # 02:30 does not exist a day earlier, so it is as long after the change.
        ("2027-03-29 02:30+02", "Europe/Berlin", 24, "2027-03-28 03:30"),
        # Hours that are no whole days are as long as hours are.
        ("2027-03-28 04:00+02", "Europe/Berlin", 2, "2027-03-28 01:00"),
        ("2027-11-08 19:00-08", "America/Los_Angeles", 36, "2027-11-07 07:00"),
    ],
)
def test_reminder_is_at_the_same_time_of_an_earlier_day(starts, zone, hours, reminded):
    assert str(value(REMINDED, starts, zone, hours, zone))[:16] == reminded


def test_thanks_are_at_ten_of_the_day_after_the_end():
    thanked = "SELECT evently_thanked_from(%s::timestamptz, %s) AT TIME ZONE %s"
    for ends, zone, expected in (
        ("2027-03-27 23:30+01", "Europe/Berlin", "2027-03-28 10:00"),
        ("2027-05-02 02:00+02", "Europe/Berlin", "2027-05-03 10:00"),
        ("2027-05-02 02:00+00", "America/New_York", "2027-05-02 10:00"),
    ):
        assert str(value(thanked, ends, zone, zone))[:16] == expected
