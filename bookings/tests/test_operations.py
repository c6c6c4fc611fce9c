"""Booking and cancelling through the operations: prices, order of refusals, attempts."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings import operations
from bookings.factories import BookingFactory
from bookings.models import AttemptResult, Booking, BookingAttempt, BookingStatus
from bookings.operations import Canceller
from bookings.operations.refusals import REFUSALS
from evently import metrics
from evently.accounts.factories import UserFactory
from evently.database.ids import uuid7
from evently.errors import Invalid
from evently.idempotency.keys import (
    Idempotency,
    IdempotencyKeyInvalid,
    IdempotencyMismatch,
    Replayed,
)
from evently.origin import Origin
from evently.tests.rows import check_everything, free_seats, wait
from evently.tests.sql import run
from evently.transactions import refusing, run_in_transaction
from events.factories import EventFactory
from events.locks import EventNotFound
from events.models import Event, PaymentMode
from events.operations import QuoteInvalid, SalesClosed, quote_price

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="test")


@pytest.fixture(autouse=True)
def balanced(db):
    """Check after each test that the seat ledger balances."""
    yield
    check_everything()


def book(event, quantity=1, user=None, **options):
    return operations.book_seats(
        event_id=event.pk,
        user_id=(user or UserFactory()).pk,
        quantity=quantity,
        origin=ORIGIN,
        **options,
    )


def cancel(booking, by=Canceller.ATTENDEE, **options):
    return operations.cancel_booking(
        event_id=booking.event_id, booking_id=booking.pk, by=by, **options
    )


def set_price(event, price):
    Event.objects.filter(pk=event.pk).update(current_price=price)


def attempts():
    """Return (result, reason, quantity) of the logged attempts, oldest first."""
    rows = BookingAttempt.objects.order_by("attempted_at", "id")
    return list(rows.values_list("result", "failure_reason", "quantity"))


# ── Prices ──────────────────────────────────────────────────────────────────
def test_booking_has_its_price_tickets_and_attempt():
    event, user = EventFactory(priced=20), UserFactory()
    booking = book(event, 3, user, unit_price=Decimal(20))
    booking.refresh_from_db()
    assert booking.is_confirmed
    assert (booking.unit_price, booking.total_amount) == (20, 60)
    assert booking.tickets.count() == 3
    attempt = BookingAttempt.objects.get()
    assert (attempt.result, attempt.booking_id, attempt.user_id, attempt.quantity) == (
        AttemptResult.SUCCESS,
        booking.pk,
        user.pk,
        3,
    )
    assert (attempt.ip_address, attempt.user_agent) == ("192.0.2.1", "test")


@pytest.mark.parametrize(("current", "paid"), [(15, 15), (20, 20), (30, 20)])
def test_quote_is_the_most_that_its_holder_pays(current, paid):
    event, user = EventFactory(priced=20), UserFactory()
    quote = quote_price(event_id=event.pk, quantity=2, holder=str(user.pk))
    set_price(event, current)
    booking = book(event, 2, user, quote=quote.token)
    assert (booking.unit_price, booking.total_amount) == (paid, paid * 2)


def test_quote_is_valid_for_its_holder_quantity_and_15_minutes(clock):
    event, user = EventFactory(priced=20), UserFactory()
    quote = quote_price(event_id=event.pk, quantity=1, holder=str(user.pk))
    with pytest.raises(QuoteInvalid):
        book(event, quote=quote.token)
    with pytest.raises(QuoteInvalid):
        book(event, 2, user, quote=quote.token)
    clock.move(timedelta(minutes=15))
    with pytest.raises(QuoteInvalid):
        book(event, 1, user, quote=quote.token)
    assert [reason for _, reason, _ in attempts()] == ["quote_invalid"] * 3


def test_fallen_price_is_paid_and_risen_price_is_refused_with_both_prices():
    event = EventFactory(priced=20)
    set_price(event, 15)
    assert book(event, unit_price=Decimal(20)).unit_price == 15
    set_price(event, 25)
    with pytest.raises(operations.PriceChanged) as refusal:
        book(event, unit_price=Decimal(20))
    assert refusal.value.details == {"seen_price": Decimal(20), "current_price": Decimal(25)}
    assert free_seats(event.pk) == 9


@pytest.mark.parametrize("shown", ["-5", "0", "19.999", "0.001", "-0.01"])
def test_shown_price_below_the_current_one_is_refused(shown):
    event = EventFactory(priced=20)
    with pytest.raises(operations.PriceChanged):
        book(event, 3, unit_price=Decimal(shown))


@pytest.mark.parametrize("shown", ["NaN", "Infinity", "-Infinity"])
def test_shown_price_must_be_finite(shown):
    event = EventFactory(priced=20)
    with pytest.raises(operations.PriceRequired):
        book(event, unit_price=Decimal(shown))


def test_price_is_required_unless_the_event_is_free():
    with pytest.raises(operations.PriceRequired):
        book(EventFactory(priced=20))
    assert book(EventFactory(), 2).total_amount == 0
    # A higher price was shown: the current one is paid.
    assert book(EventFactory(priced=20), 3, unit_price=Decimal("20.005")).total_amount == 60


def test_price_that_falls_on_every_try_is_refused_as_changed():
    tries = []

    def book():
        tries.append(1)
        with refusing(trg_price_current=REFUSALS["trg_price_current"]):
            run("SELECT evently_refuse(%s, 'trg_price_current')", EventFactory().pk)

    with pytest.raises(operations.PriceChanged):
        run_in_transaction(book)
    assert len(tries) == 4


# ── Order of refusals ───────────────────────────────────────────────────────
def test_refusals_are_checked_in_order():
    """Sales closed, person limit, sold out, waitlist first, price: each hides those after it."""
    event = EventFactory(priced=20, total_capacity=4, max_per_person=2, max_per_booking=3)
    user = UserFactory()
    held = BookingFactory(event=event, user=user, quantity=2)
    rest = BookingFactory(event=event, quantity=2)
    wait(event.pk, 1, unit_price=20)
    run("UPDATE events SET status = 'cancelled'")
    cheap = {"unit_price": Decimal(10)}
    with pytest.raises(SalesClosed):
        book(event, 3, user, **cheap)
    run("UPDATE events SET status = 'active'")
    with pytest.raises(operations.PersonLimit):
        book(event, 3, user, **cheap)
    run("UPDATE events SET max_per_person = NULL")
    with pytest.raises(operations.SoldOut):
        book(event, 3, user, **cheap)
    run("UPDATE bookings SET quantity = 1, total_amount = unit_price WHERE id = %s", rest.pk)
    with pytest.raises(operations.WaitlistFirst):
        book(event, 1, user, **cheap)
    run("UPDATE waitlists SET status = 'left'")
    with pytest.raises(operations.PriceChanged):
        book(event, 1, user, **cheap)
    book(event, 1, user, unit_price=Decimal(20))
    assert held.pk
    assert [reason for _, reason, _ in attempts()] == [
        "sales_closed",
        "person_limit",
        "sold_out",
        "waitlist_first",
        "price_changed",
        None,
    ]


@pytest.mark.parametrize("quantity", [0, -1, 11, 2**40, -(2**70), 2**70])
def test_invalid_quantity_is_refused_and_logged(quantity):
    event = EventFactory()
    with pytest.raises(Invalid):
        book(event, quantity)
    ((result, reason, logged),) = attempts()
    assert (result, reason) == (AttemptResult.FAILED, "invalid")
    assert logged == (quantity if abs(quantity) < 2**63 else None)


def test_limit_per_booking_and_unknown_events():
    event = EventFactory(max_per_booking=2)
    with pytest.raises(operations.BookingLimit):
        book(event, 3)
    with pytest.raises(EventNotFound):
        operations.book_seats(event_id=uuid7(), user_id=UserFactory().pk, quantity=1, origin=ORIGIN)
    with pytest.raises(EventNotFound):
        book(EventFactory(published_at=None))
    # An unknown event leaves no row; an unpublished one does.
    assert [reason for _, reason, _ in attempts()] == ["booking_limit", "not_found"]


def test_payment_by_transfer_is_not_available_yet():
    with pytest.raises(operations.PaymentUnsupported):
        book(EventFactory(priced=20, payment_mode=PaymentMode.TRANSFER), unit_price=Decimal(20))


# ── Idempotency ─────────────────────────────────────────────────────────────
def render_id(booking):
    return 201, {"id": str(booking.pk)}


def idempotency(user, key="key", body="body", path="/bookings/"):
    return Idempotency(user.pk, key, "POST", path, body, render_id)


def test_same_key_and_body_replays_the_first_success():
    event, user = EventFactory(), UserFactory()
    booking = book(event, 1, user, idempotency=idempotency(user))
    with pytest.raises(Replayed) as replay:
        book(event, 1, user, idempotency=idempotency(user))
    assert (replay.value.status, replay.value.answer) == (201, {"id": str(booking.pk)})
    assert Booking.objects.count() == 1
    assert BookingAttempt.objects.count() == 1


def test_same_key_for_another_request_is_refused():
    event, user, other = EventFactory(), UserFactory(), UserFactory()
    book(event, 1, user, idempotency=idempotency(user))
    for changes in ({"body": "another"}, {"path": "/other/"}):
        with pytest.raises(IdempotencyMismatch):
            book(event, 1, user, idempotency=idempotency(user, **changes))
    book(event, 1, other, idempotency=idempotency(other))
    assert free_seats(event.pk) == 8


def test_refusal_does_not_use_up_the_key():
    event, user = EventFactory(total_capacity=1), UserFactory()
    first = book(event)
    with pytest.raises(operations.SoldOut):
        book(event, 1, user, idempotency=idempotency(user))
    cancel(first)
    assert book(event, 1, user, idempotency=idempotency(user)).quantity == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "line\nbreak", "null\x00"])
def test_key_that_cannot_be_stored_is_refused(key):
    with pytest.raises(IdempotencyKeyInvalid):
        idempotency(UserFactory(), key=key)


def test_cancelling_is_idempotent_too():
    booking = BookingFactory()
    user = booking.user
    cancel(booking, idempotency=idempotency(user))
    with pytest.raises(Replayed):
        cancel(booking, idempotency=idempotency(user))


# ── Cancelling ──────────────────────────────────────────────────────────────
def test_cancelling_twice_is_refused_and_changes_nothing():
    booking = BookingFactory(quantity=4)
    cancelled = cancel(booking, reason="ill")
    assert cancelled.is_cancelled
    assert cancelled.cancelled_at is not None
    with pytest.raises(operations.AlreadyCancelled):
        cancel(booking)
    booking.refresh_from_db()
    assert (booking.cancel_reason, booking.version) == ("ill", 2)
    assert free_seats(booking.event_id) == 10


@pytest.mark.parametrize(
    ("columns", "days", "allowed"),
    [
        ({}, 29.9, True),
        ({}, 30.1, False),
        ({"priced": 20}, 27.9, True),
        ({"priced": 20}, 28.1, False),
        ({"priced": 20, "deadline": 10}, 9.9, True),
        ({"deadline": 10}, 10.1, False),
    ],
)
def test_attendees_cancel_until_the_deadline_and_organizers_always(clock, columns, days, allowed):
    deadline = columns.pop("deadline", None)
    event = EventFactory(**columns)
    if deadline:
        until = event.event_date - timedelta(days=30 - deadline)
        Event.objects.filter(pk=event.pk).update(cancellation_deadline=until)
    booking = BookingFactory(event=event)
    clock.move(timedelta(days=days))
    if allowed:
        cancel(booking)
    else:
        with pytest.raises(operations.CancellationClosed):
            cancel(booking)
        cancel(booking, by=Canceller.ORGANIZER)
    assert free_seats(event.pk) == 10


def test_booking_is_found_only_with_its_own_event():
    booking = BookingFactory()
    for event_id, booking_id in ((EventFactory().pk, booking.pk), (booking.event_id, uuid7())):
        with pytest.raises(operations.BookingNotFound):
            operations.cancel_booking(
                event_id=event_id, booking_id=booking_id, by=Canceller.ORGANIZER
            )


def test_unpaid_bookings_return_their_seats_at_the_deadline(clock):
    event = EventFactory(priced=20, payment_mode=PaymentMode.TRANSFER)
    soon = event.event_date - timedelta(days=28)
    pending = {"event": event, "status": BookingStatus.PENDING}
    unpaid = BookingFactory(**pending, quantity=2, expires_at=soon)
    later = BookingFactory(**pending, expires_at=soon + timedelta(days=5))
    assert operations.expire_pending_bookings(event_id=event.pk) == 0
    clock.move(timedelta(days=3))
    assert operations.expire_pending_bookings(event_id=event.pk) == 1
    unpaid.refresh_from_db()
    later.refresh_from_db()
    assert (unpaid.is_cancelled, unpaid.cancel_reason) == (True, "not paid in time")
    assert (later.is_pending, free_seats(event.pk)) == (True, 9)


@pytest.mark.django_db(transaction=True)
def test_metrics_count_attempts_by_result():
    def counted(result):
        return metrics.booking_attempts.labels(result)._value.get()

    event, user = EventFactory(total_capacity=1), UserFactory()
    confirmed, sold_out = counted("confirmed"), counted("sold_out")
    operations.book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=Origin())
    with pytest.raises(operations.SoldOut):
        operations.book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=Origin())

    assert (counted("confirmed"), counted("sold_out")) == (confirmed + 1, sold_out + 1)
