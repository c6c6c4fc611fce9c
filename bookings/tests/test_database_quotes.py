"""A quote pays for its seats once: by operations, by plain SQL and by the API."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import operations
from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.operations import Canceller
from evently.accounts.factories import UserFactory
from evently.database.ids import uuid7
from evently.origin import Origin
from evently.tests.rows import book as insert_booking
from evently.tests.rows import event as insert_event
from evently.tests.sql import refused, run
from events.factories import EventFactory
from events.operations import QuoteInvalid, QuoteUsed, quote_price

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="test")


@pytest.fixture
def event():
    return EventFactory(priced=20, total_capacity=30)


@pytest.fixture
def ada():
    return UserFactory()


def quote_for(event, user, quantity):
    return quote_price(event_id=event.pk, quantity=quantity, holder=str(user.pk)).token


def book(event, user, quantity, quote):
    return operations.book_seats(
        event_id=event.pk, user_id=user.pk, quantity=quantity, origin=ORIGIN, quote=quote
    )


def test_quote_pays_for_its_seats_once(event, ada):
    quote = quote_for(event, ada, 2)
    run("UPDATE events SET current_price = 30 WHERE id = %s", event.pk)

    assert book(event, ada, 2, quote).unit_price == 20
    for quantity in (2, 1):
        with pytest.raises(QuoteUsed):
            book(event, ada, quantity, quote)
    assert Booking.objects.count() == 1


def test_quote_can_be_used_seat_by_seat(event, ada):
    quote = quote_for(event, ada, 3)

    book(event, ada, 1, quote)
    with pytest.raises(QuoteUsed):
        book(event, ada, 3, quote)
    book(event, ada, 2, quote)

    with pytest.raises(QuoteUsed):
        book(event, ada, 1, quote)


def test_cancelled_booking_does_not_give_its_quote_back(event, ada):
    quote = quote_for(event, ada, 1)
    booking = book(event, ada, 1, quote)
    operations.cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)

    with pytest.raises(QuoteUsed):
        book(event, ada, 1, quote)


def test_quote_for_fewer_seats_is_refused_in_words(event, ada):
    with pytest.raises(QuoteInvalid, match="is for 2 seats, not for 3"):
        book(event, ada, 3, quote_for(event, ada, 2))


def test_refused_booking_does_not_use_the_quote(event, ada):
    quote = quote_for(event, ada, 2)
    full = BookingFactory(event=event, quantity=10), BookingFactory(event=event, quantity=10)
    BookingFactory(event=event, quantity=9)
    with pytest.raises(operations.SoldOut):
        book(event, ada, 2, quote)
    operations.cancel_booking(event_id=event.pk, booking_id=full[0].pk, by=Canceller.ORGANIZER)

    assert book(event, ada, 2, quote).quantity == 2


def test_quotes_need_no_further_statement(event, ada):
    quote = quote_for(event, ada, 1)
    counts = []
    for given in ({"unit_price": Decimal(20)}, {"quote": quote}):
        with CaptureQueriesContext(connection) as queries:
            operations.book_seats(
                event_id=event.pk, user_id=ada.pk, quantity=1, origin=ORIGIN, **given
            )
        counts.append(len(queries))

    assert counts[0] == counts[1]


# ── In plain SQL ────────────────────────────────────────────────────────────
def test_database_counts_the_seats_of_a_quote():
    event_id, quote_id = insert_event(), uuid7()
    insert_booking(event_id, 1, quote_id=quote_id, quote_quantity=3)
    booking_id = insert_booking(event_id, 1, quote_id=quote_id, quote_quantity=3)

    with refused("trg_quote_used"):
        insert_booking(event_id, 2, quote_id=quote_id, quote_quantity=3)
    with refused("trg_quote_used"):
        insert_booking(event_id, 2, quote_id=quote_id, quote_quantity=10)
    with refused("trg_quote_used"):
        run("UPDATE bookings SET quantity = 3 WHERE id = %s", booking_id)
    insert_booking(event_id, 1, quote_id=quote_id, quote_quantity=3)


def test_database_accepts_whole_quotes_of_enough_seats_only():
    event_id = insert_event()
    with refused("chk_booking_quote"):
        insert_booking(event_id, 2, quote_id=uuid7(), quote_quantity=1)
    with refused("chk_booking_quote"):
        insert_booking(event_id, 1, quote_id=uuid7())
    with refused("chk_booking_quote"):
        insert_booking(event_id, 1, quote_quantity=1)


def test_quote_of_a_booking_cannot_be_changed():
    booking_id = insert_booking(insert_event(), 1, quote_id=uuid7(), quote_quantity=1)
    for change in ("quote_id = NULL, quote_quantity = NULL", "quote_quantity = 5"):
        with refused("trg_booking_final"):
            run(f"UPDATE bookings SET {change} WHERE id = %s", booking_id)
