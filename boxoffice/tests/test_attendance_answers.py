"""Answers to whether attendees are still coming, and what bookings are promised about them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bookings import operations
from bookings.attendance_models import AttendanceCheck
from bookings.attendance_queries import attendance_figures
from bookings.factories import BookingFactory
from bookings.models import Booking, Canceller, Ticket
from bookings.operations import answer_attendance
from evently.accounts.factories import UserFactory
from evently.errors import Invalid
from evently.origin import Origin
from events.attendance import AskedFrom, asked_from, terms_text
from events.factories import EventFactory
from events.models import Event
from events.operations import create_event
from notifications.kinds import kind_named
from notifications.models import Notification
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import Promotion

pytestmark = pytest.mark.django_db

START = datetime(2027, 6, 15, 18, tzinfo=UTC)
ASKED = datetime(2027, 6, 10, 10, tzinfo=UTC)
DAY = timedelta(hours=24)
ORIGIN = Origin(ip_address=None, user_agent="")


@pytest.fixture
def event():
    return EventFactory(
        event_date=START, ask_days_before=5, unanswered_policy="return", total_capacity=4, priced=20
    )


@pytest.fixture
def booking(event, clock):
    clock.stop(ASKED)
    booking = BookingFactory(event=event, quantity=4, unanswered_policy="return")
    AttendanceCheck.objects.create(booking=booking, event=event, event_date=START, seats=4)
    return booking


def answer(booking, coming):
    return answer_attendance(event_id=booking.event_id, booking_id=booking.pk, coming=coming)


def check():
    return AttendanceCheck.objects.get()


def test_yes_keeps_all_seats(booking):
    assert answer(booking, 4).quantity == 4
    assert check().coming == 4
    assert check().answered_at == ASKED
    assert Booking.objects.get().is_confirmed


def test_some_gives_the_rest_to_the_waitlist(booking):
    WaitlistEntryFactory(event=booking.event, quantity=3, min_quantity=1)
    assert answer(booking, 1).quantity == 1
    row = Booking.objects.get()
    assert (row.quantity, row.total_amount, row.status) == (1, 20, "confirmed")
    assert Ticket.objects.filter(cancelled_at__isnull=True).count() == 1
    assert Promotion.objects.get().quantity == 3
    message = Notification.objects.get(type="seats_given_back").message
    assert "You have given back 3 seats" in message
    assert "now has 1 seat." in message


def test_no_cancels_the_booking(booking):
    WaitlistEntryFactory(event=booking.event, quantity=3, min_quantity=1)
    answer(booking, 0)
    row = Booking.objects.get()
    assert (row.status, row.cancelled_by) == ("cancelled", Canceller.ATTENDEE)
    assert check().coming == 0
    assert Promotion.objects.get().quantity == 3
    assert Notification.objects.filter(type="cancellation").count() == 1


def test_same_answer_again_changes_nothing(booking, clock):
    answer(booking, 4)
    clock.stop(ASKED + DAY)
    answer(booking, 4)
    assert check().answered_at == ASKED


def test_yes_can_become_no_until_the_deadline(booking, clock):
    answer(booking, 4)
    clock.stop(ASKED + DAY)
    answer(booking, 3)
    clock.stop(booking.event.cancellable_until)
    with pytest.raises(operations.CancellationClosed):
        answer(booking, 2)
    with pytest.raises(operations.CancellationClosed):
        answer(booking, 0)
    assert Booking.objects.get().quantity == 3


def test_first_answer_is_taken_after_the_deadline_too(booking, clock):
    clock.stop(booking.event.cancellable_until + DAY)
    answer(booking, 0)
    assert Booking.objects.get().is_cancelled


@pytest.mark.parametrize("coming", [-1, 5])
def test_answer_is_within_the_booking(booking, coming):
    with pytest.raises(Invalid) as refusal:
        answer(booking, coming)
    assert refusal.value.fields == {"coming": "Enter from 0 to 4: your booking has 4 seats."}


def test_answers_end_with_the_start(booking, clock):
    clock.stop(START)
    with pytest.raises(operations.AnswersClosed):
        answer(booking, 4)


def test_cancelled_booking_is_not_answered(booking):
    answer(booking, 0)
    for coming in (0, 4):
        with pytest.raises(operations.AlreadyCancelled):
            answer(booking, coming)


def test_returned_booking_says_so(booking, clock):
    clock.stop(ASKED + DAY)
    AttendanceCheck.objects.filter(event=booking.event).update(asked_again_at=ASKED)
    clock.stop(ASKED + 2 * DAY)
    Booking.objects.filter(event=booking.event).update(
        status="cancelled", cancelled_by="unanswered"
    )
    with pytest.raises(operations.SeatsReturned):
        answer(booking, 4)


def test_booking_that_was_not_asked_has_nothing_to_answer(event):
    with pytest.raises(operations.NotAsked):
        answer(BookingFactory(event=event), 1)


def test_tickets_of_others_are_not_given_back(booking):
    mine, *_ = Ticket.objects.order_by("id")
    Ticket.objects.filter(event=booking.event).exclude(pk=mine.pk).update(checked_in_at=ASKED)
    with pytest.raises(operations.TicketsHandedOver):
        answer(booking, 2)
    assert answer(booking, 3).quantity == 3
    mine.refresh_from_db()
    assert mine.is_cancelled


def test_ticket_that_is_being_handed_over_stays_as_long_as_possible(booking):
    *_, newest = Ticket.objects.order_by("id")
    (transfer,) = operations.hand_over(
        event_id=booking.event_id,
        booking_id=booking.pk,
        ticket_ids=[newest.pk],
        name="Grace Hopper",
        email="grace@example.org",
    )
    answer(booking, 1)
    assert Ticket.objects.get(cancelled_at__isnull=True) == newest
    transfer.refresh_from_db()
    assert transfer.is_open


def test_figures_count_seats(event, clock):
    assert attendance_figures(event) is None
    Event.objects.update(total_capacity=20)
    clock.stop(ASKED)
    bookings = [BookingFactory(event=event, quantity=3) for _ in range(4)]
    for each in bookings:
        AttendanceCheck.objects.create(booking=each, event=event, event_date=START, seats=3)
    answer(bookings[0], 3)
    answer(bookings[1], 1)
    answer(bookings[2], 0)
    figures = attendance_figures(event)
    assert (figures.asked, figures.coming, figures.given_back) == (12, 4, 5)
    assert (figures.unanswered, figures.returned) == (3, 0)


# ── The promise ─────────────────────────────────────────────────────────────
def book(event, **arguments):
    return operations.book_seats(
        event_id=event.pk,
        user_id=UserFactory().pk,
        quantity=1,
        origin=ORIGIN,
        unit_price=Decimal(20),
        **arguments,
    )


@pytest.mark.parametrize(
    ("shown", "promised"), [(None, "return"), ("return", "return"), ("keep", "keep"), ("", "keep")]
)
def test_booking_keeps_what_was_shown(event, shown, promised):
    assert book(event, terms_shown=shown).unanswered_policy == promised


def test_confirmation_says_what_was_promised(event):
    booking = book(event, terms_shown="return")
    notification = Notification.objects.get(type="booking_confirm")
    content = kind_named("booking_confirm").write_email(notification, booking.user)
    assert terms_text(event, "return") in str(content.values["paymentNote"])


@pytest.mark.parametrize("columns", [{"ask_days_before": None}, {"unanswered_policy": "keep"}])
def test_nothing_worse_than_the_events_own_terms_is_promised(event, columns):
    Event.objects.update(**columns)
    booking = book(event, terms_shown="return")
    assert booking.unanswered_policy == ("keep" if "unanswered_policy" in columns else None)


def test_booking_after_the_question_is_told_nothing(event, clock):
    clock.stop(ASKED)
    assert book(event, terms_shown="return").unanswered_policy is None


def test_terms_in_words(event):
    event.timezone = "Pacific/Auckland"
    assert terms_text(event, None) == ""
    assert terms_text(event, "keep") == (
        "On Fri 11 Jun 2027, 10:00 NZST, you will be asked whether you are still coming. If you do "
        "not answer, you keep your seats."
    )
    assert terms_text(event, "return") == (
        "On Fri 11 Jun 2027, 10:00 NZST, you will be asked whether you are still coming, and once "
        "more a day later. If you have answered neither by Sun 13 Jun 2027, 10:00 NZST, your seats "
        "may be cancelled and offered to people on the waitlist. If no one is waiting for them, "
        "you keep them."
    )


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "Europe/Berlin", "America/New_York"])
def test_database_and_python_agree_on_when_to_ask(zone):
    for days in range(0, 365, 7):
        EventFactory(
            timezone=zone, event_date=START + timedelta(days=days, hours=days), ask_days_before=3
        )
    events = Event.objects.annotate(asked=AskedFrom())
    assert len(events) == 53
    for event in events:
        assert event.asked == asked_from(event), event.event_date


# ── The organizer's settings ────────────────────────────────────────────────
def draft(**columns):
    given = {
        "name": "Jazz",
        "venue": "Old Mill",
        "event_date": START,
        "total_capacity": 10,
        "base_price": 0,
    }
    return create_event(by_id=UserFactory().pk, **(given | columns))


def test_event_asks_no_one_by_default():
    event = draft()
    assert (event.ask_days_before, event.unanswered_policy) == (None, "keep")


@pytest.mark.parametrize(
    ("columns", "field", "text"),
    [
        ({"ask_days_before": 2}, "ask_days_before", "Enter 3 to 14 days before the start"),
        ({"ask_days_before": 15}, "ask_days_before", "Enter 3 to 14 days before the start"),
        ({"unanswered_policy": "sell"}, "unanswered_policy", "Choose “keep” or “return”."),
        (
            {
                "ask_days_before": 3,
                "unanswered_policy": "return",
                "event_date": START.replace(hour=9),
            },
            "ask_days_before",
            "ask at least 4 days before it",
        ),
    ],
)
def test_wrong_settings_are_refused_in_words(columns, field, text):
    with pytest.raises(Invalid) as refusal:
        draft(**columns)
    assert text in refusal.value.fields[field]


def test_earliest_morning_with_seats_to_return():
    assert draft(ask_days_before=4, unanswered_policy="return", event_date=START.replace(hour=1))
    assert draft(ask_days_before=3, unanswered_policy="keep", event_date=START.replace(hour=1))
