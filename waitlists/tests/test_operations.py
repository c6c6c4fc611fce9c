"""The operations of the waitlist: joining, leaving, offers, priority, and changes of the event."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings import operations as bookings
from bookings.models import Booking, BookingAttempt
from evently.accounts.factories import UserFactory
from evently.tests.rows import as_application, check_everything
from evently.tests.sql import run
from evently.transactions import ReferencedRowDeleted
from events.locks import EventNotFound
from events.models import Event
from events.operations import SalesClosed, edit_event
from waitlists import operations, queries, tasks
from waitlists.models import WaitlistEntry
from waitlists.operations.joining import _rejoin
from waitlists.tests.waiting import (
    ORIGIN,
    accept,
    cancel,
    full_event,
    join,
    latest_offer,
    status_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("told")]


@pytest.fixture(autouse=True)
def balanced(db):
    yield
    check_everything()

    # ── Joining and leaving ─────────────────────────────────────────────────────


def test_join_waitlist_sets_position_price_and_expiry():
    event, _ = full_event(priced=20)
    first, second = join(event), join(event, 3, min_quantity=2)
    assert (first.position, second.position) == (1, 2)
    assert (second.quantity, second.min_quantity) == (3, 2)
    assert second.unit_price == Decimal("20.00")
    assert second.expires_at == event.event_date


def test_join_waitlist_refuses_twice_and_while_seats_are_on_sale():
    event, booked = full_event()
    user = UserFactory()
    entry = join(event, user=user)
    with pytest.raises(operations.AlreadyWaiting):
        join(event, user=user)
    cancel(booked[0])
    assert status_of(entry) == "promoted"
    with pytest.raises(operations.AlreadyWaiting):
        join(event, user=user)
    cancel(booked[1])
    with pytest.raises(operations.SeatsAvailable):
        join(event)
    # An entry that needs more than are on sale may join.
    assert join(event, 2).position == 1


@pytest.mark.parametrize(
    ("columns", "quantity", "refusal"),
    [
        ({"max_per_booking": 2}, 3, bookings.BookingLimit),
        ({"max_per_person": 2}, 3, bookings.PersonLimit),
        ({}, 5, bookings.BookingLimit),
        ({"published_at": None}, 1, EventNotFound),
    ],
)
def test_join_waitlist_enforces_the_limits(columns, quantity, refusal):
    event, _ = full_event()
    Event.objects.filter(pk=event.pk).update(**columns)
    with pytest.raises(refusal):
        join(event, quantity)


def test_rejoining_is_at_the_end_and_at_the_current_price():
    event, _ = full_event(priced=20)
    user = UserFactory()
    first, second = join(event, user=user), join(event)
    operations.leave_waitlist(event_id=event.pk, entry_id=first.pk)
    assert status_of(first) == "left"
    with pytest.raises(operations.NotWaiting):
        operations.leave_waitlist(event_id=event.pk, entry_id=first.pk)
    Event.objects.filter(pk=event.pk).update(current_price=30)
    again = join(event, 2, user=user)
    assert (again.pk, again.position, again.quantity) == (first.pk, 2, 2)
    assert again.unit_price == Decimal("30.00")
    assert again.joined_at > second.joined_at


# ── Offers ──────────────────────────────────────────────────────────────────
def test_freed_seats_are_offered_in_order_in_the_same_transaction():
    event, booked = full_event()
    entries = [join(event) for _ in range(3)]
    cancel(booked[0])
    cancel(booked[1])
    assert [status_of(entry) for entry in entries] == ["promoted", "promoted", "waiting"]
    event.refresh_from_db()
    assert event.available_seats == 0
    offer = latest_offer(entries[0])
    assert (offer.quantity, offer.status) == (1, "pending")
    assert offer.expires_at > offer.promoted_at + timedelta(minutes=15)


def test_accepted_offer_is_a_booking_and_closes_the_entry():
    event, booked = full_event(priced=20)
    entry = join(event)
    cancel(booked[0])
    booking = accept(latest_offer(entry))
    assert (booking.user_id, booking.total_amount) == (entry.user_id, Decimal("20.00"))
    assert status_of(entry) == "booked"
    assert latest_offer(entry).booking_id == booking.pk
    attempt = BookingAttempt.objects.get(booking_id=booking.pk)
    assert (attempt.result, attempt.user_agent) == ("success", "test")
    with pytest.raises(operations.PromotionClosed):
        accept(latest_offer(entry))
    assert BookingAttempt.objects.get(result="failed").failure_reason == "promotion_closed"


@pytest.mark.parametrize(("current_price", "pays"), [(15, 15), (30, 20)])
def test_offer_costs_no_more_than_the_price_on_joining(current_price, pays):
    event, booked = full_event(priced=20)
    entry = join(event)
    Event.objects.filter(pk=event.pk).update(current_price=current_price)
    cancel(booked[0])
    assert accept(latest_offer(entry)).unit_price == pays


def test_offer_keeps_its_price_when_the_price_rises_afterwards():
    event, booked = full_event(priced=20)
    first, second = join(event), join(event)
    cancel(booked[0])
    cancel(booked[1])
    Event.objects.filter(pk=event.pk).update(current_price=50)
    assert accept(latest_offer(first)).unit_price == 20
    Event.objects.filter(pk=event.pk).update(current_price=5)
    assert accept(latest_offer(second)).unit_price == 5


def test_declined_offer_goes_to_the_next():
    event, booked = full_event()
    first, second = join(event), join(event)
    cancel(booked[0])
    operations.decline_promotion(event_id=event.pk, promotion_id=latest_offer(first).pk)
    assert (status_of(first), status_of(second)) == ("left", "promoted")
    with pytest.raises(operations.PromotionClosed):
        operations.decline_promotion(event_id=event.pk, promotion_id=latest_offer(first).pk)


def test_leaving_with_an_offer_declines_it():
    event, booked = full_event()
    first, second = join(event), join(event)
    cancel(booked[0])
    operations.leave_waitlist(event_id=event.pk, entry_id=first.pk)
    assert (latest_offer(first).status, status_of(first), status_of(second)) == (
        "declined",
        "left",
        "promoted",
    )


def test_expired_offer_goes_to_the_next(clock):
    event, booked = full_event()
    first, second = join(event), join(event)
    cancel(booked[0])
    offer = latest_offer(first)
    clock.move(offer.expires_at - offer.promoted_at)
    with pytest.raises(operations.PromotionExpired):
        accept(offer)
    assert queries.events_with_overdue_promotions() == [event.pk]
    tasks.expire_promotions()
    assert (latest_offer(first).status, status_of(first), status_of(second)) == (
        "expired",
        "expired",
        "promoted",
    )
    with pytest.raises(operations.PromotionExpired):
        accept(offer)
    assert queries.events_with_overdue_promotions() == []


def test_smaller_offers_count_the_entries_passed_over():
    event, booked = full_event()
    big, flexible, small = join(event, 4), join(event, 3, min_quantity=2), join(event)
    cancel(booked[0])
    assert [status_of(entry) for entry in (big, flexible, small)] == [
        "waiting",
        "waiting",
        "promoted",
    ]
    assert (big.passed_over, flexible.passed_over) == (1, 1)
    assert (big.position, flexible.position) == (1, 2)
    cancel(booked[1])
    cancel(booked[2])
    assert status_of(flexible) == "promoted"
    assert latest_offer(flexible).quantity == 2
    accept(latest_offer(flexible))
    assert status_of(big) == "waiting"
    assert (big.passed_over, big.position) == (2, 1)
    # It asked for 3, was offered 2, and waits for the third at its place.
    assert status_of(flexible) == "waiting"
    assert (flexible.quantity, flexible.min_quantity, flexible.position) == (1, 1, 2)


def test_many_offers_take_a_fixed_number_of_statements(django_assert_max_num_queries):
    event, booked = full_event(10)
    entries = [join(event) for _ in range(10)]
    Booking.objects.filter(event_id=event.pk).update(status="cancelled")
    with django_assert_max_num_queries(20):
        operations.repair_waitlist(event_id=event.pk)
    assert {status_of(entry) for entry in entries} == {"promoted"}
    assert len(booked) == 10


def test_repair_task_offers_seats_freed_by_plain_sql():
    event, _ = full_event()
    entry = join(event)
    run("UPDATE bookings SET status = 'cancelled' WHERE id = (SELECT id FROM bookings LIMIT 1)")
    assert queries.events_to_repair() == [event.pk]
    tasks.repair_waitlists()
    assert status_of(entry) == "promoted"
    assert queries.events_to_repair() == []


def test_overdue_entry_gets_no_offer(clock):
    event, booked = full_event()
    expires_at = event.event_date - timedelta(days=29)
    overdue, waiting = join(event, expires_at=expires_at), join(event)
    clock.move(timedelta(days=2))
    cancel(booked[0])
    assert (status_of(overdue), status_of(waiting)) == ("expired", "promoted")


def test_raised_capacity_is_offered_at_once():
    event, _ = full_event()
    entries = [join(event, 2) for _ in range(3)]
    edit_event(event_id=event.pk, version=1, total_capacity=9)
    assert [status_of(entry) for entry in entries] == ["promoted", "promoted", "waiting"]
    event.refresh_from_db()
    # One seat is left, too few for the last entry: it is on public sale.
    assert event.available_seats == 1
    bookings.book_seats(event_id=event.pk, user_id=UserFactory().pk, quantity=1, origin=ORIGIN)


def test_reopened_sales_promote_the_waitlist_first(clock):
    event, booked = full_event()
    entry = join(event)
    closes = event.event_date - timedelta(days=20)
    edit_event(event_id=event.pk, version=1, sales_end_at=closes)
    run("UPDATE waitlists SET expires_at = %s", event.event_date)
    clock.move(timedelta(days=12))
    cancel(booked[0])
    assert status_of(entry) == "waiting"
    edit_event(event_id=event.pk, version=2, sales_end_at=None)
    assert status_of(entry) == "promoted"


def test_no_offer_and_no_error_once_sales_have_ended(clock):
    event, booked = full_event()
    entry = join(event)
    run("UPDATE events SET sales_end_at = %s", event.event_date - timedelta(days=1))
    clock.move(timedelta(days=29, seconds=1))
    cancel(booked[0])
    assert status_of(entry) == "waiting"
    with pytest.raises(SalesClosed):
        bookings.book_seats(event_id=event.pk, user_id=UserFactory().pk, quantity=1, origin=ORIGIN)


def test_entry_that_went_with_its_user_is_not_joined_with_again():
    """The user's row was deleted between reading the entry and writing it."""
    event, _ = full_event()
    gone = WaitlistEntry(event_id=event.pk, user_id=UserFactory().pk, quantity=1, min_quantity=1)
    gone._state.adding = False

    with pytest.raises(ReferencedRowDeleted), as_application():
        _rejoin(gone)
