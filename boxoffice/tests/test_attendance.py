"""Asking whether attendees are still coming, over days: who is asked when, and whose seats go."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection

from bookings import tasks as booking_tasks
from bookings.attendance_models import AttendanceCheck
from bookings.factories import BookingFactory
from bookings.models import Booking, Canceller
from bookings.operations import answer_attendance, ask_attendees
from boxoffice.lifecycle import queries, tasks
from boxoffice.lifecycle.operations import attendance
from evently.accounts.factories import UserFactory
from evently.audit.models import AuditLog
from events import operations as event_operations
from events.factories import EventFactory
from events.models import Event
from notifications.models import Notification
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import EntryStatus, Promotion, WaitlistEntry

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2027, 6, 15, 20, tzinfo=BERLIN)
ASKED = datetime(2027, 6, 10, 10, tzinfo=BERLIN)
DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


def asking_event(**columns):
    given = {
        "event_date": START,
        "timezone": "Europe/Berlin",
        "total_capacity": 2,
        "ask_days_before": 5,
        "unanswered_policy": "return",
    }
    return EventFactory(**(given | columns))


def promised(event, **columns):
    return BookingFactory(event=event, unanswered_policy="return", **columns)


def run_sweeps():
    booking_tasks.ask_attendees()
    tasks.ask_attendees_again()
    tasks.return_unanswered_seats()


def sweep_at(clock, at):
    """Run all sweeps at a time; what they ask arrives at once."""
    clock.stop(at)
    run_sweeps()
    deliver(at)


def deliver(at, **of):
    Notification.objects.filter(status="pending", **of).update(status="sent", sent_at=at)


def messages(kind="attendance_asked", **of):
    return Notification.objects.filter(type=kind, **of).count()


def status_of(booking):
    return Booking.objects.get(pk=booking.pk).status


@pytest.fixture
def waited_for(clock):
    """Two bookings of a full event, and an entry that waits for one seat."""
    event = asking_event()
    first, second = promised(event), promised(event)
    WaitlistEntryFactory(event=event)
    return event, first, second


def test_asked_at_ten_again_at_ten_and_returned_at_ten(waited_for, clock):
    _, first, second = waited_for
    sweep_at(clock, ASKED - MINUTE)
    assert messages() == 0
    sweep_at(clock, ASKED)
    assert messages() == 2
    sweep_at(clock, ASKED + DAY - MINUTE)
    assert messages("attendance_asked_again") == 0
    sweep_at(clock, ASKED + DAY)
    assert messages("attendance_asked_again") == 2
    sweep_at(clock, ASKED + 2 * DAY - MINUTE)
    assert Promotion.objects.count() == 0

    sweep_at(clock, ASKED + 2 * DAY)

    # One seat is waited for: the booking that was made last goes, and the other stays.
    assert [status_of(first), status_of(second)] == ["confirmed", "cancelled"]
    second.refresh_from_db()
    assert second.cancelled_by == Canceller.UNANSWERED
    assert Promotion.objects.get().quantity == 1
    assert messages("attendance_returned", user_id=second.user_id) == 1
    assert messages("cancellation") == 0


def test_audit_log_says_that_a_task_returned_the_seats(waited_for, clock):
    *_, booking = waited_for
    for days in range(2):
        sweep_at(clock, ASKED + days * DAY)
    clock.stop(ASKED + 2 * DAY)
    tasks.return_unanswered_seats.apply()
    change = AuditLog.objects.get(table_name="bookings", row_id=booking.pk, action="update")
    assert (change.actor, change.via) == (tasks.return_unanswered_seats.name, "task")
    assert change.after["cancelled_by"] == "unanswered"


def test_answered_and_unpromised_seats_stay(clock):
    event = asking_event(total_capacity=3)
    coming, older = promised(event), BookingFactory(event=event)
    kept = BookingFactory(event=event, unanswered_policy="keep")
    WaitlistEntryFactory(event=event)
    sweep_at(clock, ASKED)
    answer_attendance(event_id=event.pk, booking_id=coming.pk, coming=1)
    for days in range(1, 4):
        sweep_at(clock, ASKED + days * DAY)
    assert messages("attendance_asked_again") == 2
    assert {status_of(each) for each in (coming, older, kept)} == {"confirmed"}


def test_no_seats_are_returned_while_no_one_gets_them(clock):
    event = asking_event()
    booking, _ = promised(event), promised(event, quantity=1)
    group = WaitlistEntryFactory(event=event, quantity=2)
    for days in range(3):
        sweep_at(clock, ASKED + days * DAY)
    assert Booking.objects.filter(status="cancelled").count() == 0

    # Two seats are needed, and each booking has one. A person joins who takes one.
    WaitlistEntry.objects.filter(pk=group.pk).update(status=EntryStatus.LEFT)
    WaitlistEntryFactory(event=event)
    sweep_at(clock, START - DAY - MINUTE)
    assert Booking.objects.filter(cancelled_by="unanswered").count() == 1
    assert status_of(booking) == "confirmed"


def test_seats_that_no_offer_takes_are_not_returned(clock):
    """The entry fits, but its waitlist ended with the sales: the cancellation is undone."""
    event = asking_event(sales_end_at=ASKED + DAY)
    booking, _ = promised(event), promised(event)
    WaitlistEntryFactory(event=event, expires_at=None)
    for days in range(3):
        sweep_at(clock, ASKED + days * DAY)
    assert queries.events_with_seats_to_return() == [event.pk]
    assert status_of(booking) == "confirmed"
    assert messages("attendance_returned") == 0


def test_no_seats_are_returned_on_the_last_day(waited_for, clock):
    sweep_at(clock, ASKED)
    sweep_at(clock, ASKED + DAY)
    sweep_at(clock, START - DAY + MINUTE)
    assert Booking.objects.filter(status="cancelled").count() == 0


def test_unconfirmed_place_takes_no_seats(clock):
    event = asking_event(total_capacity=1)
    booking = promised(event)
    WaitlistEntryFactory(event=event, confirmed_at=None)
    for days in range(4):
        sweep_at(clock, ASKED + days * DAY)
    assert status_of(booking) == "confirmed"


def test_late_questions_shift_the_later_steps(waited_for, clock):
    late = ASKED + timedelta(hours=7)
    sweep_at(clock, late)
    sweep_at(clock, late + DAY - MINUTE)
    assert messages("attendance_asked_again") == 0
    sweep_at(clock, late + DAY)
    assert messages("attendance_asked_again") == 2
    sweep_at(clock, late + 2 * DAY - MINUTE)
    assert Promotion.objects.count() == 0
    sweep_at(clock, late + 2 * DAY)
    assert Promotion.objects.count() == 1


def test_steps_wait_until_the_question_has_arrived(waited_for, clock):
    """A mail server that hangs for two days: no second question, and no seats are returned."""
    clock.stop(ASKED)
    run_sweeps()
    clock.stop(ASKED + DAY)
    run_sweeps()
    assert messages("attendance_asked_again") == 0
    deliver(ASKED + DAY)
    clock.stop(ASKED + 2 * DAY)
    run_sweeps()
    assert messages("attendance_asked_again") == 2

    clock.stop(ASKED + 3 * DAY)
    run_sweeps()
    assert Promotion.objects.count() == 0
    deliver(ASKED + 3 * DAY)
    clock.stop(ASKED + 4 * DAY)
    run_sweeps()
    assert Promotion.objects.count() == 1


def test_seats_of_people_who_cannot_be_reached_stay(waited_for, clock):
    for days in range(4):
        clock.stop(ASKED + days * DAY)
        run_sweeps()
        Notification.objects.filter(status="pending").update(status="failed")
    assert messages("attendance_asked_again") == 2
    assert Booking.objects.filter(status="cancelled").count() == 0


def test_fifty_bookings_of_one_person_are_asked_in_one_message(clock):
    event, person = asking_event(total_capacity=51), UserFactory()
    for _ in range(50):
        promised(event, user=person)
    other = promised(event)
    sweep_at(clock, ASKED)
    assert messages(user_id=person.pk) == 1
    assert messages(user_id=other.user_id) == 1
    assert AttendanceCheck.objects.count() == 51
    answer_attendance(
        event_id=event.pk, booking_id=Booking.objects.filter(user=person).first().pk, coming=1
    )
    sweep_at(clock, ASKED + DAY)
    (again,) = Notification.objects.filter(type="attendance_asked_again", user_id=person.pk)
    assert len(again.data["checks"]) == 49


def test_only_confirmed_bookings_made_before_are_asked(clock):
    event = asking_event(total_capacity=9)
    asked, late, used = promised(event), promised(event), promised(event)
    cancelled, unpaid = promised(event), promised(event, status="pending")
    Booking.objects.filter(pk=cancelled.pk).update(status="cancelled")
    Booking.objects.filter(pk=late.pk).update(created_at=ASKED)
    used.tickets.update(checked_in_at=ASKED - DAY)
    sweep_at(clock, ASKED + MINUTE)
    assert [check.booking_id for check in AttendanceCheck.objects.all()] == [asked.pk]
    assert unpaid.pk
    assert messages() == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"ask_days_before": None},
        {"published_at": None},
        {"status": "cancelled"},
        {"event_date": ASKED + DAY},
        {"event_date": ASKED - DAY},
    ],
)
def test_events_that_ask_no_one(columns, clock):
    event = asking_event()
    promised(event)
    Event.objects.filter(pk=event.pk).update(**columns)
    sweep_at(clock, ASKED)
    assert messages() == 0
    assert ask_attendees(event_id=event.pk) == 0


def test_switching_it_on_later_asks_and_returns_nothing(clock):
    event = asking_event(ask_days_before=None, total_capacity=1)
    booking = BookingFactory(event=event)
    WaitlistEntryFactory(event=event)
    clock.stop(ASKED + timedelta(hours=3))
    event_operations.edit_event(event_id=event.pk, version=None, ask_days_before=5)
    for days in range(1, 4):
        sweep_at(clock, ASKED + timedelta(hours=3) + days * DAY)
    assert messages() == 1
    assert status_of(booking) == "confirmed"


@pytest.mark.django_db(transaction=True)
def test_public_record_of_seats_given_back_and_returned_is_right(clock, tmp_path, client):
    """Some seats of a booking, and a booking that was returned: the checker replays both."""
    event = asking_event(total_capacity=4)
    first, second = promised(event, quantity=3), promised(event)
    for _ in range(3):
        WaitlistEntryFactory(event=event)
    sweep_at(clock, ASKED)
    answer_attendance(event_id=event.pk, booking_id=first.pk, coming=1)
    sweep_at(clock, ASKED + DAY)
    clock.stop(ASKED + 2 * DAY)
    tasks.return_unanswered_seats()
    assert status_of(second) == "cancelled"
    assert sum(Promotion.objects.values_list("quantity", flat=True)) == 3

    clock.stop(START + DAY)
    record = tmp_path / "record.json"
    response = client.get(f"/api/v1/events/{event.pk}/line/record/")
    record.write_bytes(b"".join(response.streaming_content))
    run = subprocess.run(
        [sys.executable, settings.BASE_DIR / "script" / "check_line", record],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


# ── Events that are moved ───────────────────────────────────────────────────
def moved(event, start):
    event_operations.edit_event(event_id=event.pk, version=None, event_date=start, notify=False)


def test_event_moved_by_a_day_is_not_asked_about_again(waited_for, clock):
    event, *_ = waited_for
    sweep_at(clock, ASKED)
    moved(event, START + DAY)
    sweep_at(clock, ASKED + DAY)
    assert (messages(), messages("attendance_asked_again")) == (2, 2)
    sweep_at(clock, ASKED + 2 * DAY)
    assert Promotion.objects.count() == 1


def test_event_moved_by_weeks_is_asked_about_anew(waited_for, clock):
    event, first, _ = waited_for
    sweep_at(clock, ASKED)
    answer_attendance(event_id=event.pk, booking_id=first.pk, coming=1)
    moved(event, START + 14 * DAY)
    sweep_at(clock, ASKED + DAY)
    assert messages("attendance_asked_again") == 0
    sweep_at(clock, ASKED + 14 * DAY - MINUTE)
    assert messages() == 2
    sweep_at(clock, ASKED + 14 * DAY)
    assert messages() == 4
    # Both have to say it again: the answer was about another date.
    sweep_at(clock, ASKED + 15 * DAY)
    assert messages("attendance_asked_again") == 2


def test_event_moved_there_and_back_keeps_its_answers(waited_for, clock):
    event, first, _ = waited_for
    sweep_at(clock, ASKED)
    answer_attendance(event_id=event.pk, booking_id=first.pk, coming=1)
    moved(event, START + 14 * DAY)
    moved(event, START)
    sweep_at(clock, ASKED + DAY)
    assert (messages(), messages("attendance_asked_again")) == (2, 1)


# ── Time zones ──────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("zone", "start", "asked"),
    [
        # 10:00 in Auckland is the evening before in UTC.
        ("Pacific/Auckland", (2027, 6, 15, 7, 30), (2027, 6, 9, 22)),
        # Clocks go forward on 28 March: the day is the event's, and the hour is that of before.
        ("Europe/Berlin", (2027, 3, 30, 18), (2027, 3, 25, 9)),
        ("Europe/Berlin", (2027, 11, 2, 19), (2027, 10, 28, 8)),
        ("America/Los_Angeles", (2027, 6, 16, 3), (2027, 6, 10, 17)),
    ],
)
def test_attendees_are_asked_at_ten_by_the_clocks_of_the_event(zone, start, asked, clock):
    event = asking_event(timezone=zone, event_date=datetime(*start, tzinfo=UTC))
    promised(event)
    at = datetime(*asked, tzinfo=UTC)
    sweep_at(clock, at - MINUTE)
    assert messages() == 0
    sweep_at(clock, at)
    assert messages() == 1


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        # A day of 23 hours, so that 10:00 would be too early; one of 25 hours; an ordinary one.
        ((2027, 3, 27, 10), (2027, 3, 28, 11)),
        ((2027, 10, 30, 10), (2027, 10, 31, 10)),
        ((2027, 6, 10, 10), (2027, 6, 11, 10)),
    ],
)
def test_second_question_leaves_24_hours_also_where_clocks_change(asked, again, clock):
    asked, again = (datetime(*at, tzinfo=BERLIN) for at in (asked, again))
    event = asking_event(event_date=asked.replace(hour=20) + timedelta(days=5))
    promised(event)
    sweep_at(clock, asked)
    assert messages() == 1
    sweep_at(clock, (again - MINUTE).astimezone(UTC))
    assert messages("attendance_asked_again") == 0
    sweep_at(clock, again.astimezone(UTC))
    assert messages("attendance_asked_again") == 1


# ── Several workers ─────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
def test_two_workers_ask_and_return_once(clock):
    event = asking_event(total_capacity=6)
    for _ in range(6):
        promised(event)
    for _ in range(2):
        WaitlistEntryFactory(event=event)
    for days in range(3):
        at = ASKED + days * DAY
        clock.stop(at)
        in_threads(ask_attendees, event.pk)
        in_threads(attendance.ask_attendees_again, event.pk)
        in_threads(attendance.return_unanswered_seats, event.pk)
        deliver(at)
    assert (messages(), messages("attendance_asked_again")) == (6, 6)
    assert Booking.objects.filter(cancelled_by="unanswered").count() == 2
    assert messages("attendance_returned") == 2


def in_threads(work, event_id, number=3):
    barrier, done = threading.Barrier(number), []

    def run():
        try:
            barrier.wait(timeout=30)
            work(event_id=event_id)
            done.append(work)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(done) == number
