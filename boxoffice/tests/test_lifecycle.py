"""Ending events and removing people: cancelled, completed, deleted, erased."""

from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.operations import Canceller
from boxoffice.lifecycle import operations, queries, tasks
from boxoffice.lifecycle.operations import events as events_ending
from evently.accounts.factories import UserFactory
from evently.accounts.locks import UserNotFound
from evently.accounts.models import User
from evently.origin import Origin
from evently.tests.rows import check_everything, people
from evently.tests.sql import as_at_commit, run
from evently.transactions import run_in_transaction as one_transaction
from events.factories import EventFactory
from events.models import Event
from events.operations import EventOver, SalesClosed
from notifications.tests.delivering import deliver_due
from waitlists import operations as waitlists
from waitlists.models import Promotion, WaitlistEntry

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="test")


@pytest.fixture(autouse=True)
def balanced(db):
    """Check the ledger after every test."""
    yield
    check_everything()


def full(capacity=4, **columns):
    """Return a full event and its bookings of one seat each."""
    event = EventFactory(total_capacity=capacity, **columns)
    return event, [BookingFactory(event=event) for _ in range(capacity)]


def join(event, quantity=1, user=None, **options):
    user = user or UserFactory()
    return waitlists.join_waitlist(event_id=event.pk, user_id=user.pk, quantity=quantity, **options)


def give_back(booking):
    bookings.cancel_booking(
        event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ORGANIZER
    )


def offer_to(entry):
    return Promotion.objects.filter(waitlist_id=entry.pk).latest("promoted_at")


def accept(offer):
    return waitlists.accept_promotion(event_id=offer.event_id, promotion_id=offer.pk, origin=ORIGIN)


def status_of(entry):
    entry.refresh_from_db()
    return entry.status


def test_cancelling_an_event_ends_everything_and_a_crash_resumes():
    seats = events_ending.BATCH + 2
    event = EventFactory(total_capacity=seats)
    run(
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount)"
        " SELECT %s, person, 1, 0 FROM unnest(%s::uuid[]) person",
        event.pk,
        people(seats),
    )
    waiting, offered = join(event, 2), join(event)
    give_back(Booking.objects.earliest("pk"))
    operations.cancel_event(event_id=event.pk, reason="storm")
    with pytest.raises(operations.EventAlreadyCancelled):
        operations.cancel_event(event_id=event.pk)
    assert status_of(offered) == "promoted"
    with pytest.raises(SalesClosed):
        accept(offer_to(offered))

    # One batch, then a crash.
    batches = events_ending._batches_of_people(event.pk)
    assert [len(batch) for batch in batches] == [events_ending.BATCH, 1]
    first = partial(events_ending._cancel_bookings, event.pk, batches[0])
    assert one_transaction(first) == events_ending.BATCH
    assert one_transaction(first) == 0
    assert Booking.objects.holding_seats().count() == 1
    assert queries.cancelled_events_to_continue() == [event.pk]
    tasks.continue_event_cancellations()
    assert Booking.objects.holding_seats().count() == 0
    assert (status_of(waiting), status_of(offered)) == ("expired", "expired")
    assert set(Booking.objects.values_list("cancel_reason", flat=True)) == {"storm", "organizer"}
    event.refresh_from_db()
    assert event.available_seats == seats
    assert queries.cancelled_events_to_continue() == []


def test_event_that_is_over_is_completed(clock):
    event, booked = full()
    waiting, offered = join(event, 2), join(event)
    give_back(booked[0])
    tasks.complete_past_events()
    assert Event.objects.get().status == "active"
    clock.move(timedelta(days=31))
    tasks.complete_past_events()
    assert Event.objects.get().status == "completed"
    assert (status_of(waiting), status_of(offered)) == ("expired", "expired")
    assert Booking.objects.holding_seats().count() == 3
    with pytest.raises(EventOver):
        operations.cancel_event(event_id=event.pk)


def test_the_sweep_of_cancellations_reads_no_bookings():
    event, _booked = full()
    entry = join(event, 2)
    operations.cancel_event(event_id=event.pk)

    with CaptureQueriesContext(connection) as captured:
        assert queries.cancelled_events_to_continue() == [event.pk]
    assert [query["sql"] for query in captured if '"bookings"' in query["sql"]] == []

    # An entry that waits is enough, and an offer, whose seats are held.
    Booking.objects.filter(event_id=event.pk).update(status="cancelled")
    assert queries.cancelled_events_to_continue() == [event.pk]
    WaitlistEntry.objects.filter(event_id=event.pk, pk=entry.pk).update(status="left")
    assert queries.cancelled_events_to_continue() == []


@pytest.fixture
def transactions(monkeypatch):
    """Return the work of each transaction that ends an event, in a list."""
    done = []

    def counted(work, **options):
        result = one_transaction(work, **options)
        done.append(result)
        return result

    monkeypatch.setattr(events_ending, "run_in_transaction", counted)
    monkeypatch.setattr(events_ending, "BATCH", 2)
    return done


def test_no_transaction_cancels_more_than_a_batch_of_bookings(transactions):
    """A user's bookings stay together, for one message; that of many users is no reason."""
    event = EventFactory(total_capacity=20)
    ada = UserFactory()
    for user in (ada, ada, ada, UserFactory(), UserFactory(), UserFactory()):
        BookingFactory(event=event, user=user)
    operations.cancel_event(event_id=event.pk)
    transactions.clear()

    assert operations.continue_cancellation(event_id=event.pk) == 6

    assert sorted(transactions) == [0, 1, 2, 3]
    assert not Booking.objects.holding_seats().exists()


@pytest.mark.parametrize("ends", ["cancelled", "completed"])
def test_a_waitlist_closes_in_batches_from_its_end(transactions, clock, ends):
    event, booked = full()
    offered = [join(event) for _ in range(3)]
    for booking in booked[:3]:
        give_back(booking)
    waiting = [join(event) for _ in range(3)]
    if ends == "cancelled":
        operations.cancel_event(event_id=event.pk)
        (_,) = [Booking.objects.holding_seats().update(status="cancelled")]
    else:
        clock.move(timedelta(days=31))
    transactions.clear()

    # A batch, then a crash.
    outcome = events_ending.EventStatus(ends)
    assert one_transaction(partial(events_ending._close_some, event.pk, outcome)) == 4
    assert [status_of(entry) for entry in offered] == ["expired", "expired", "promoted"]
    assert [status_of(entry) for entry in waiting] == ["waiting"] * 3

    if ends == "cancelled":
        operations.continue_cancellation(event_id=event.pk)
    else:
        assert operations.complete_event(event_id=event.pk).status == "completed"

    assert {status_of(entry) for entry in offered + waiting} == {"expired"}
    assert max(count for count in transactions if isinstance(count, int)) == 2
    assert Promotion.objects.filter(status="expired").count() == 3


def delete_bookings(event):
    """Delete an event's bookings, as their users are deleted."""
    Booking.objects.filter(event_id=event.pk).delete()


def test_event_is_deleted_only_without_bookings():
    event, _ = full(1)
    with pytest.raises(operations.EventHasBookings):
        operations.delete_event(event_id=event.pk)
    delete_bookings(event)
    operations.delete_event(event_id=event.pk)
    assert not Event.objects.filter(pk=event.pk).exists()


@pytest.mark.parametrize("has_offer", [False, True], ids=["waiting", "offered"])
def test_event_is_deleted_only_once_its_waitlist_was_notified(has_offer):
    event, (booking,) = full(1)
    entry = join(event)
    if has_offer:
        give_back(booking)
    delete_bookings(event)
    deliver_due()
    with pytest.raises(operations.EventHasWaitlist, match="Cancel it first"):
        operations.delete_event(event_id=event.pk)

    operations.cancel_event(event_id=event.pk)
    with pytest.raises(operations.EventNotifying):
        operations.delete_event(event_id=event.pk)
    operations.continue_cancellation(event_id=event.pk)
    assert status_of(entry) == "expired"
    with pytest.raises(operations.EventNotifying):
        operations.delete_event(event_id=event.pk)
    mail.outbox.clear()
    deliver_due()

    operations.delete_event(event_id=event.pk)

    assert not WaitlistEntry.objects.filter(pk=entry.pk).exists()
    (email,) = mail.outbox
    assert email.to == [entry.user.email]
    assert event.name in email.subject
    assert "cancelled" in email.subject


def test_event_with_a_long_waitlist_is_deleted_in_batches_and_a_crash_resumes(
    monkeypatch, transactions
):
    monkeypatch.setattr(events_ending, "DELETED", 2)
    event, _ = full(1)
    for _ in range(5):
        waitlists.leave_waitlist(event_id=event.pk, entry_id=join(event).pk)
    with pytest.raises(operations.EventHasBookings):
        operations.delete_event(event_id=event.pk)
    assert WaitlistEntry.objects.count() == 5
    delete_bookings(event)
    deliver_due()
    # A batch, then a crash.
    assert one_transaction(partial(events_ending._delete_some_entries, event.pk)) == 2
    assert WaitlistEntry.objects.count() == 3
    event.refresh_from_db()
    assert not event.is_published
    transactions.clear()

    operations.delete_event(event_id=event.pk)

    assert transactions == [2, 0, None]
    assert not Event.objects.filter(pk=event.pk).exists()
    assert not WaitlistEntry.objects.exists()


def test_deleted_persons_seats_go_to_the_waitlist_and_their_rows_are_gone():
    event, booked = full()
    other, _ = full(1)
    gone = User.objects.get(pk=booked[0].user_id)
    entry, theirs = join(event), join(other, user=gone)
    operations.delete_person(user_id=gone.pk)
    assert status_of(entry) == "promoted"
    assert not WaitlistEntry.objects.filter(pk=theirs.pk).exists()
    with pytest.raises(UserNotFound):
        operations.delete_person(user_id=gone.pk)
    with pytest.raises(operations.OrganizerStays):
        operations.delete_person(user_id=event.created_by_id)


def test_erased_persons_bookings_stay_as_accounting_records(clock):
    event, booked = full()
    past = EventFactory(event_date=event.event_date - timedelta(days=25))
    gone = User.objects.get(pk=booked[0].user_id)
    attended = BookingFactory(event=past, user=gone)
    waiting, entry = join(event), join(full(1)[0], user=gone)
    as_at_commit()
    clock.move(timedelta(days=6))
    operations.erase_person(user_id=gone.pk)
    assert (status_of(waiting), status_of(entry)) == ("promoted", "left")
    booked[0].refresh_from_db()
    attended.refresh_from_db()
    # The past booking stays as it was, although its event is not marked as completed yet.
    assert (booked[0].status, attended.status) == ("cancelled", "confirmed")
    assert User.objects.get(pk=gone.pk).name == ""
    with pytest.raises(UserNotFound):
        operations.erase_person(user_id=gone.pk)
