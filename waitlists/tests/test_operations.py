"""The line through its operations: joining, offers, claims, fates, priority, and ends of things."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Booking, BookingAttempt
from bookings.operations import Canceller
from evently.accounts.factories import UserFactory
from evently.origin import Origin
from evently.tests.rows import check_everything
from evently.tests.sql import run
from events.factories import EventFactory
from events.locks import EventNotFound
from events.models import Event
from events.operations import SalesClosed, edit_event
from waitlists import operations, queries, tasks
from waitlists.models import Promotion

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="test")


@pytest.fixture(autouse=True)
def balanced(db):
    """Whatever a test did, everything balances at its end."""
    yield
    check_everything()


def full(capacity=4, **columns):
    """Return a full event and its one booking a seat."""
    event = EventFactory(total_capacity=capacity, **columns)
    return event, [BookingFactory(event=event) for _ in range(capacity)]


def join(event, quantity=1, user=None, **options):
    user = user or UserFactory()
    return operations.join_waitlist(
        event_id=event.pk, user_id=user.pk, quantity=quantity, **options
    )


def give_back(booking):
    bookings.cancel_booking(
        event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ORGANIZER
    )


def offer_to(entry):
    return Promotion.objects.filter(waitlist_id=entry.pk).latest("promoted_at")


def accept(offer):
    return operations.accept_promotion(
        event_id=offer.event_id, promotion_id=offer.pk, origin=ORIGIN
    )


def fate(entry):
    entry.refresh_from_db()
    return entry.status


# ── Joining and leaving ─────────────────────────────────────────────────────
def test_joining_tells_position_price_and_end():
    event, _ = full(priced=20)
    first, second = join(event), join(event, 3, min_quantity=2)
    assert (first.position, second.position) == (1, 2)
    assert (second.quantity, second.min_quantity) == (3, 2)
    assert second.unit_price == Decimal("20.00")
    assert second.expires_at == event.event_date


def test_joining_is_refused_while_seats_are_on_sale_or_twice():
    event, booked = full()
    person = UserFactory()
    entry = join(event, user=person)
    with pytest.raises(operations.AlreadyWaiting):
        join(event, user=person)
    give_back(booked[0])
    assert fate(entry) == "promoted"
    with pytest.raises(operations.AlreadyWaiting):
        join(event, user=person)
    give_back(booked[1])
    with pytest.raises(operations.SeatsAvailable):
        join(event)
    # Fewer than they need are on sale.
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
def test_joining_keeps_the_limits(columns, quantity, refusal):
    event, _ = full()
    Event.objects.filter(pk=event.pk).update(**columns)
    with pytest.raises(refusal):
        join(event, quantity)


def test_joining_again_is_at_the_end_and_at_todays_price():
    event, _ = full(priced=20)
    person = UserFactory()
    first, second = join(event, user=person), join(event)
    operations.leave_waitlist(event_id=event.pk, entry_id=first.pk)
    assert fate(first) == "left"
    with pytest.raises(operations.NotWaiting):
        operations.leave_waitlist(event_id=event.pk, entry_id=first.pk)
    Event.objects.filter(pk=event.pk).update(current_price=30)
    again = join(event, 2, user=person)
    assert (again.pk, again.position, again.quantity) == (first.pk, 2, 2)
    assert again.unit_price == Decimal("30.00")
    assert again.joined_at > second.joined_at


# ── Offers ──────────────────────────────────────────────────────────────────
def test_freed_seats_are_offered_in_order_in_the_same_moment():
    event, booked = full()
    entries = [join(event) for _ in range(3)]
    give_back(booked[0])
    give_back(booked[1])
    assert [fate(entry) for entry in entries] == ["promoted", "promoted", "waiting"]
    event.refresh_from_db()
    assert event.available_seats == 0
    offer = offer_to(entries[0])
    assert (offer.quantity, offer.status) == (1, "pending")
    assert offer.expires_at > offer.promoted_at + timedelta(minutes=15)


def test_accepted_offer_is_a_booking_and_closes_the_entry():
    event, booked = full(priced=20)
    entry = join(event)
    give_back(booked[0])
    booking = accept(offer_to(entry))
    assert (booking.user_id, booking.total_amount) == (entry.user_id, Decimal("20.00"))
    assert fate(entry) == "booked"
    assert offer_to(entry).booking_id == booking.pk
    attempt = BookingAttempt.objects.get(booking_id=booking.pk)
    assert (attempt.result, attempt.user_agent) == ("success", "test")
    with pytest.raises(operations.PromotionClosed):
        accept(offer_to(entry))
    assert BookingAttempt.objects.get(result="failed").failure_reason == "promotion_closed"


@pytest.mark.parametrize(("now_costs", "pays"), [(15, 15), (30, 20)])
def test_offer_costs_no_more_than_was_seen_on_joining(now_costs, pays):
    event, booked = full(priced=20)
    entry = join(event)
    Event.objects.filter(pk=event.pk).update(current_price=now_costs)
    give_back(booked[0])
    assert accept(offer_to(entry)).unit_price == pays


def test_offer_keeps_its_price_when_the_price_moves_afterwards():
    event, booked = full(priced=20)
    dear, cheap = join(event), join(event)
    give_back(booked[0])
    give_back(booked[1])
    Event.objects.filter(pk=event.pk).update(current_price=50)
    assert accept(offer_to(dear)).unit_price == 20
    Event.objects.filter(pk=event.pk).update(current_price=5)
    assert accept(offer_to(cheap)).unit_price == 5


def test_declined_offer_goes_to_the_next():
    event, booked = full()
    first, second = join(event), join(event)
    give_back(booked[0])
    operations.decline_promotion(event_id=event.pk, promotion_id=offer_to(first).pk)
    assert (fate(first), fate(second)) == ("left", "promoted")
    with pytest.raises(operations.PromotionClosed):
        operations.decline_promotion(event_id=event.pk, promotion_id=offer_to(first).pk)


def test_leaving_with_an_offer_declines_it():
    event, booked = full()
    first, second = join(event), join(event)
    give_back(booked[0])
    operations.leave_waitlist(event_id=event.pk, entry_id=first.pk)
    assert (offer_to(first).status, fate(first), fate(second)) == ("declined", "left", "promoted")


def test_offer_that_ran_out_goes_to_the_next(clock):
    event, booked = full()
    first, second = join(event), join(event)
    give_back(booked[0])
    offer = offer_to(first)
    clock.move(offer.expires_at - offer.promoted_at)
    with pytest.raises(operations.PromotionExpired):
        accept(offer)
    assert queries.events_with_overdue_promotions() == [event.pk]
    tasks.expire_promotions()
    assert (offer_to(first).status, fate(first), fate(second)) == ("expired", "expired", "promoted")
    with pytest.raises(operations.PromotionExpired):
        accept(offer)
    assert queries.events_with_overdue_promotions() == []


def test_smaller_offer_and_who_was_passed_over():
    event, booked = full()
    big, flexible, small = join(event, 4), join(event, 3, min_quantity=2), join(event)
    give_back(booked[0])
    assert [fate(entry) for entry in (big, flexible, small)] == ["waiting", "waiting", "promoted"]
    assert (big.passed_over, flexible.passed_over) == (1, 1)
    assert (big.position, flexible.position) == (1, 2)
    give_back(booked[1])
    give_back(booked[2])
    assert fate(flexible) == "promoted"
    assert offer_to(flexible).quantity == 2
    accept(offer_to(flexible))
    assert fate(flexible) == "booked"
    assert fate(big) == "waiting"
    assert (big.passed_over, big.position) == (2, 1)


def test_seats_for_many_are_offered_in_a_fixed_number_of_statements(django_assert_max_num_queries):
    event, booked = full(10)
    entries = [join(event) for _ in range(10)]
    Booking.objects.filter(event_id=event.pk).update(status="cancelled")
    with django_assert_max_num_queries(20):
        operations.repair_line(event_id=event.pk)
    assert {fate(entry) for entry in entries} == {"promoted"}
    assert len(booked) == 10


def test_sweep_repairs_what_plain_sql_freed():
    event, _ = full()
    entry = join(event)
    run("UPDATE bookings SET status = 'cancelled' WHERE id = (SELECT id FROM bookings LIMIT 1)")
    assert queries.events_to_repair() == [event.pk]
    tasks.repair_lines()
    assert fate(entry) == "promoted"
    assert queries.events_to_repair() == []


def test_entry_whose_own_time_is_over_holds_nobody_up(clock):
    event, booked = full()
    soon = event.event_date - timedelta(days=29)
    impatient, patient = join(event, expires_at=soon), join(event)
    clock.move(timedelta(days=2))
    give_back(booked[0])
    assert (fate(impatient), fate(patient)) == ("expired", "promoted")


# ── Organizers ──────────────────────────────────────────────────────────────
def test_priority_moves_somebody_with_a_reason_that_is_kept():
    event, booked = full()
    first, second = join(event), join(event)
    for reason in ("", "   "):
        with pytest.raises(operations.ReasonRequired):
            operations.set_priority(event_id=event.pk, entry_id=second.pk, score=1, reason=reason)
    moved = operations.set_priority(
        event_id=event.pk, entry_id=second.pk, score=1, reason="speaks in the evening"
    )
    assert (moved.position, moved.priority_reason) == (1, "speaks in the evening")
    give_back(booked[0])
    assert (fate(first), fate(second)) == ("waiting", "promoted")
    with pytest.raises(operations.NotWaiting):
        operations.set_priority(event_id=event.pk, entry_id=second.pk, score=2, reason="again")


def test_raised_capacity_serves_the_line_at_once():
    event, _ = full()
    entries = [join(event, 2) for _ in range(3)]
    edit_event(event_id=event.pk, version=1, total_capacity=9)
    assert [fate(entry) for entry in entries] == ["promoted", "promoted", "waiting"]
    event.refresh_from_db()
    # One is left over, too little for whoever waits: it is on public sale.
    assert event.available_seats == 1
    bookings.book_seats(event_id=event.pk, user_id=UserFactory().pk, quantity=1, origin=ORIGIN)


def test_sales_that_open_again_serve_the_line_first(clock):
    event, booked = full()
    entry = join(event)
    closes = event.event_date - timedelta(days=20)
    edit_event(event_id=event.pk, version=1, sales_end_at=closes)
    run("UPDATE waitlists SET expires_at = %s", event.event_date)
    clock.move(timedelta(days=12))
    give_back(booked[0])
    assert fate(entry) == "waiting"
    edit_event(event_id=event.pk, version=2, sales_end_at=None)
    assert fate(entry) == "promoted"


def test_sales_that_end_in_this_moment_make_no_offer_and_no_error(clock):
    event, booked = full()
    entry = join(event)
    run("UPDATE events SET sales_end_at = %s", event.event_date - timedelta(days=1))
    clock.move(timedelta(days=29, seconds=1))
    give_back(booked[0])
    assert fate(entry) == "waiting"
    with pytest.raises(SalesClosed):
        bookings.book_seats(event_id=event.pk, user_id=UserFactory().pk, quantity=1, origin=ORIGIN)
