"""Emails to a user who has several bookings, or bookings and a waitlist entry, for one event."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.operations import Canceller
from boxoffice.lifecycle import operations
from evently.accounts.factories import UserFactory
from events.factories import EventFactory
from events.operations import edit_event
from notifications.emails.message import build_email
from notifications.kinds.bookings import booking_confirmed
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.tests.emails import html_of
from waitlists import operations as waitlists

pytestmark = pytest.mark.django_db

STARTS = datetime(2099, 7, 2, 18, 30, tzinfo=UTC)


@pytest.fixture
def event():
    return EventFactory(name="Jazz", event_date=STARTS, total_capacity=6, priced=20)


@pytest.fixture
def ada():
    return UserFactory(name="Ada")


def email_of(user, kind):
    """Return the newest email of a kind, as it would be written now."""
    newest = Notification.objects.filter(user_id=user.pk, type=kind).newest_first().first()
    return build_email(newest, user)


def entries_of(email):
    """Return the calendar entries of an email by booking id, each with its file's METHOD."""
    found = {}
    for part in email.attachments:
        if part.get_content_type() != "text/calendar":
            continue
        calendar = Calendar.from_ical(part.get_payload(decode=True))
        assert part.get_param("method") == calendar["method"]
        for entry in calendar.walk("VEVENT"):
            found[entry["uid"].split("@")[0]] = (str(calendar["method"]), entry)
    return found


def move(event, **hours):
    edit_event(event_id=event.pk, version=None, event_date=STARTS + timedelta(**hours))


def give_back(booking):
    bookings.cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ATTENDEE)


def test_change_speaks_of_all_active_bookings(event, ada):
    first, second = (BookingFactory(event=event, user=ada, quantity=n) for n in (2, 1))

    move(event, hours=1)
    email = email_of(ada, "event_changed")
    before = entries_of(email)

    assert "You have 3 seats in 2 bookings." in email.body
    assert {(method, entry["status"]) for method, entry in before.values()} == {
        ("PUBLISH", "CONFIRMED")
    }
    assert set(before) == {str(first.pk), str(second.pk)}
    assert email.body.count("/b/") == html_of(email).count("/b/") == 2

    give_back(second)
    move(event, hours=2)
    email = email_of(ada, "event_changed")
    (only,) = entries_of(email)

    assert only == str(first.pk), "the booking that is left moves in the calendar, too"
    assert "You have 2 seats." in email.body
    after = entries_of(email)[only][1]
    assert after["sequence"] > before[only][1]["sequence"]
    assert after.decoded("dtstart") == STARTS + timedelta(hours=2)


def test_cancelled_event_ends_all_bookings_in_one_message(event, ada):
    first, second, earlier = (BookingFactory(event=event, user=ada, quantity=n) for n in (2, 1, 1))
    give_back(earlier)

    operations.cancel_event(event_id=event.pk, reason="The hall is flooded")
    operations.continue_cancellation(event_id=event.pk)
    email = email_of(ada, "event_cancelled")

    references = ", ".join(
        Booking.objects.get(pk=booking.pk).booking_reference for booking in (first, second)
    )
    assert f"Your 2 bookings {references} (3 seats) are cancelled." in email.body
    assert "60.00" in email.body, "the sum of what is no longer due"
    assert {
        id_: (method, str(entry["status"])) for id_, (method, entry) in entries_of(email).items()
    } == {
        str(first.pk): ("CANCEL", "CANCELLED"),
        str(second.pk): ("CANCEL", "CANCELLED"),
    }
    assert email.body.count("/b/") == 2
    assert Notification.objects.filter(user_id=ada.pk, type="event_cancelled").count() == 1


def test_bookings_of_one_user_are_cancelled_in_one_batch(event, ada, monkeypatch):
    monkeypatch.setattr("boxoffice.lifecycle.operations.events.BATCH", 1)
    BookingFactory(event=event, user=ada)
    BookingFactory(event=event)
    BookingFactory(event=event, user=ada)

    operations.cancel_event(event_id=event.pk)
    operations.continue_cancellation(event_id=event.pk)

    (message,) = Notification.objects.filter(user_id=ada.pk, type="event_cancelled")
    assert "Your 2 bookings" in message.message
    assert not Booking.objects.holding_seats().filter(event=event).exists()


def test_cancelling_one_booking_names_what_is_left(event, ada):
    kept, ended = (BookingFactory(event=event, user=ada, quantity=n) for n in (2, 1))
    kept.refresh_from_db()

    give_back(ended)
    email = email_of(ada, "cancellation")

    assert f"You still have 2 seats for this event ({kept.booking_reference})." in email.body
    assert "removes this booking from your calendar" in " ".join(email.body.split())
    assert list(entries_of(email)) == [str(ended.pk)]
    assert entries_of(email)[str(ended.pk)][0] == "CANCEL"


def test_second_confirmation_names_the_first_booking(event, ada):
    first = BookingFactory(event=event, user=ada, quantity=2)
    first.refresh_from_db()
    second = BookingFactory(event=event, user=ada, quantity=1)

    notify(messages=[booking_confirmed(second)])
    email = email_of(ada, "booking_confirm")

    assert (
        f"With your other booking ({first.booking_reference}), you have 3 seats for this event."
        in email.body
    )


# ── A booking and a waitlist entry ──────────────────────────────────────────
@pytest.fixture
def waiting(event, ada):
    """Ada has two seats of a full event, and waits for two more."""
    booked = BookingFactory(event=event, user=ada, quantity=2)
    other = BookingFactory(event=event, quantity=4)
    event.refresh_from_db()
    waitlists.join_waitlist(
        event_id=event.pk, user_id=ada.pk, quantity=2, unit_price=event.current_price
    )
    booked.refresh_from_db()
    return booked, other


def test_change_speaks_of_booking_and_waitlist_entry(event, ada, waiting):
    move(event, hours=1)
    email = email_of(ada, "event_changed")

    assert "You have 2 seats. You are also on the waitlist, for 2 seats." in email.body
    assert "/b/" in email.body
    assert "/w/" in email.body


def test_cancelled_event_ends_booking_and_waitlist_entry_in_one_message(event, ada, waiting):
    operations.cancel_event(event_id=event.pk)
    operations.continue_cancellation(event_id=event.pk)

    (message,) = Notification.objects.filter(user_id=ada.pk, type="event_cancelled")
    assert f"Your booking {waiting[0].booking_reference} (2 seats) is cancelled." in message.message
    assert message.message.endswith("You are no longer on its waitlist.")


def test_offer_names_the_seats_already_booked(event, ada, waiting):
    booked, other = waiting
    give_back(other)
    email = email_of(ada, "waitlist_promotion")

    assert (
        "They are in addition to the 2 seats that you have booked "
        f"({booked.booking_reference})." in email.body
    )
    move(event, hours=1)
    assert "2 seats are also held for you until" in email_of(ada, "event_changed").body
