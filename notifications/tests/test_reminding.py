"""Reminders and thanks: who gets which, when, and once."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bookings.factories import BookingFactory
from bookings.models import Booking, Ticket
from evently.accounts.factories import UserFactory
from evently.tests.rows import end_offer, offer, wait
from evently.tests.together import run_together
from events.factories import EventFactory
from events.models import Event
from events.operations import edit_event
from notifications import tasks
from notifications.kinds.reminders import is_ending
from notifications.mailing_models import Mailing
from notifications.models import Notification
from notifications.operations import reminding
from notifications.tests.delivering import deliver_due
from notifications.tests.examples import Facts
from waitlists.models import Promotion

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def told(kind):
    """Return how often each user got messages of a kind."""
    return Counter(Notification.objects.filter(type=kind).values_list("user_id", flat=True))


def in_hours(hours):
    return datetime.now(UTC) + timedelta(hours=hours)


def booked(event, **columns):
    """Return a booking made long ago."""
    booking = BookingFactory(event=event, **columns)
    Booking.objects.filter(pk=booking.pk).update(created_at=LONG_AGO)
    return booking


def changed(booking, **columns):
    """Change the event of a booking as organizers could not."""
    Event.objects.filter(pk=booking.event_id).update(created_at=LONG_AGO, **columns)


# ── Reminders of events ─────────────────────────────────────────────────────
def test_attendees_are_reminded_once_a_day_before(monkeypatch, mailoutbox):
    monkeypatch.setattr(reminding, "PEOPLE_AT_ONCE", 2)
    event = EventFactory(name="Jazz", event_date=in_hours(23), venue="Old Mill")
    people = [booked(event).user for _ in range(3)]
    booked(event, user=people[0])
    booked(event, status="cancelled", cancelled_at=LONG_AGO)
    booked(event, status="pending")
    # Booked after the time of the reminder.
    BookingFactory(event=event)
    for changes in (
        {"event_date": in_hours(25)},
        {"event_date": in_hours(-1)},
        {"reminder_hours": None},
        {"published_at": None},
        {"status": "cancelled"},
    ):
        changed(booked(EventFactory(event_date=in_hours(2))), **changes)

    tasks.remind_attendees()
    tasks.remind_attendees()

    assert told("reminder") == dict.fromkeys([person.pk for person in people], 1)
    (mailing,) = Mailing.objects.all()
    assert (mailing.event_id, mailing.kind, mailing.people) == (event.pk, "reminder", 3)
    deliver_due()
    first = next(email for email in mailoutbox if people[0].email in email.to[0])
    assert first.subject.startswith("Reminder: Jazz, ")
    assert "You have 2 seats in 2 bookings." in first.body
    assert first.body.count("/b/") == 2


def test_reminder_is_repeated_for_another_start_only():
    event = EventFactory(event_date=in_hours(23))
    user_id = booked(event).user_id
    tasks.remind_attendees()

    def move(start):
        edit_event(event_id=event.pk, version=None, event_date=start)
        tasks.remind_attendees()
        return told("reminder")[user_id]

    assert move(in_hours(48)) == 1
    assert move(in_hours(22)) == 2
    # At another time before the same start, all have been reminded already.
    edit_event(event_id=event.pk, version=None, reminder_hours=200)
    tasks.remind_attendees()
    assert told("reminder")[user_id] == 2
    assert Mailing.objects.count() == 3


def test_reminders_continue_where_they_stopped(monkeypatch):
    monkeypatch.setattr(reminding, "PEOPLE_AT_ONCE", 1)
    event = EventFactory(event_date=in_hours(23))
    people = [booked(event).user_id for _ in range(3)]
    write = reminding.notify

    def stop_at_the_second(*, messages):
        if told("reminder"):
            raise KeyboardInterrupt
        return write(messages=messages)

    monkeypatch.setattr(reminding, "notify", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        reminding.remind_attendees(event_id=event.pk)
    assert (len(told("reminder")), Mailing.objects.count()) == (1, 0)

    monkeypatch.undo()
    tasks.remind_attendees()

    assert told("reminder") == dict.fromkeys(people, 1)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_remind_each_person_once(monkeypatch):
    monkeypatch.setattr(reminding, "PEOPLE_AT_ONCE", 2)
    event = EventFactory(event_date=in_hours(23))
    people = [booked(event).user_id for _ in range(5)]

    outcomes = run_together(*[lambda: reminding.remind_attendees(event_id=event.pk)] * 3)

    assert set(outcomes) <= {0, 5}
    assert told("reminder") == dict.fromkeys(people, 1)
    assert Mailing.objects.count() == 1


def test_holder_of_a_ticket_is_reminded_instead_of_who_handed_it_over(clock, mailoutbox):
    transfer = Facts(event=EventFactory(event_date=in_hours(26))).transfer(accepted=True)
    clock.move(3 * HOUR)

    tasks.remind_attendees()
    deliver_due()

    assert list(told("reminder")) == [transfer.recipient_id]
    (email,) = mailoutbox
    assert "You have a ticket that was handed over to you." in email.body
    assert "Show my ticket" in email.body


@pytest.mark.parametrize(
    "change", [{"status": "cancelled"}, {"event_date": in_hours(50)}], ids=["cancelled", "moved"]
)
def test_reminder_is_withdrawn_when_the_event_changes_before_it_is_sent(change, mailoutbox):
    event = EventFactory(event_date=in_hours(23))
    booked(event)
    tasks.remind_attendees()
    Event.objects.filter(pk=event.pk).update(**change)

    deliver_due()

    assert mailoutbox == []


# ── Thanks ──────────────────────────────────────────────────────────────────
def attended(event, **columns):
    """Return a booking of an event that ended so long ago that its attendees are thanked now."""
    booking = booked(event)
    end = in_hours(-36)
    changed(booking, **{"event_date": end - HOUR, "ends_at": end} | columns)
    return booking


def test_those_who_were_checked_in_are_thanked_once(mailoutbox):
    event = EventFactory(name="Jazz")
    came, _ = booked(event), attended(event)
    Ticket.objects.filter(event_id=event.pk, booking_id=came.pk).update(checked_in_at=LONG_AGO)
    for columns in (
        {"sends_thanks": False},
        {"status": "cancelled"},
        {"published_at": None},
        {"event_date": LONG_AGO + DAY, "ends_at": None},
        {"ends_at": in_hours(-1)},
    ):
        attended(EventFactory(), **columns)

    tasks.thank_attendees()
    tasks.thank_attendees()

    assert told("event_over") == {came.user_id: 1}
    deliver_due()
    assert [email.subject for email in mailoutbox] == ["Thank you: Jazz is over"]


def test_all_are_thanked_where_no_one_was_checked_in():
    event = EventFactory()
    booked(event, status="cancelled", cancelled_at=LONG_AGO)
    people = [booked(event).user_id, attended(event, status="completed").user_id]

    tasks.thank_attendees()

    assert told("event_over") == dict.fromkeys(people, 1)


# ── Open payments ───────────────────────────────────────────────────────────
def test_open_payment_is_reminded_of_once_before_the_booking_ends(mailoutbox):
    event = EventFactory(
        name="Jazz", priced=20, payment_mode="transfer", payment_instructions="To account 12."
    )
    unpaid = {"event": event, "status": "pending"}
    due = BookingFactory(**unpaid, expires_at=in_hours(20))
    Booking.objects.filter(pk=due.pk).update(created_at=in_hours(-100))
    # Two thirds of the time are not over yet; a checkout is under way; it is over.
    BookingFactory(**unpaid, expires_at=in_hours(40))
    for created, expires in ((-0.5, 0.1), (-100, -1)):
        other = BookingFactory(**unpaid, expires_at=in_hours(expires))
        Booking.objects.filter(pk=other.pk).update(created_at=in_hours(created))

    tasks.remind_of_payments()
    tasks.remind_of_payments()

    assert told("payment_reminder") == {due.user_id: 1}
    deliver_due()
    (email,) = mailoutbox
    assert "€20.00" in email.body
    assert "To account 12." in email.body


# ── Offers ──────────────────────────────────────────────────────────────────
def offered(hours_ago, hours_left, **columns):
    event = EventFactory(priced=20, total_capacity=1, **columns)
    taken = BookingFactory(event=event)
    entry_id = wait(event.pk, user_id=UserFactory().pk, unit_price=20)
    Booking.objects.filter(pk=taken.pk).update(status="cancelled")
    window = {"promoted_at": in_hours(-hours_ago), "expires_at": in_hours(hours_left)}
    return Promotion.objects.get(pk=offer(entry_id, unit_price=20, **window))


def test_offer_is_reminded_of_once_with_a_third_of_its_time_left(monkeypatch, mailoutbox):
    monkeypatch.setattr(reminding, "OFFERS_AT_ONCE", 1)
    ending = [offered(3, 1), offered(200, 90)]
    offered(1, 1)
    ended = offered(3, 1)
    end_offer(ended.pk, "declined")

    tasks.remind_of_offers()
    tasks.remind_of_offers()

    assert told("offer_ending") == dict.fromkeys([one.user_id for one in ending], 1)
    # Ended before the email is sent.
    end_offer(ending[0].pk, "declined")
    deliver_due()
    assert len(mailoutbox) == 1


def test_offer_whose_end_was_moved_is_not_about_to_end():
    offer = Promotion(promoted_at=in_hours(-3), expires_at=in_hours(1), status="pending")
    assert is_ending(offer, at=in_hours(0))

    offer.first_expires_at, offer.expires_at = offer.expires_at, in_hours(3)

    # A third of the four hours that it had at first.
    assert not is_ending(offer, at=in_hours(1.5))
    assert is_ending(offer, at=in_hours(1.8))


def test_reminder_of_an_offer_has_its_link(mailoutbox):
    offered(3, 1, name="Jazz")

    tasks.remind_of_offers()
    deliver_due()

    (email,) = mailoutbox
    assert email.subject == "Your offer for Jazz is about to end"
    assert "Claim or decline:" in email.body
