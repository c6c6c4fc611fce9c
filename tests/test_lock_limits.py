"""Operations on an event that a foreign session has locked: they wait no longer than their limit.

The server's own time-outs are off: they hold for each wait by itself, and a row may take two.
"""

import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Canceller
from evently.accounts.factories import UserFactory
from evently.database import limits
from evently.origin import Origin
from evently.tests.database import as_owner
from evently.transactions import EventBusy
from events.factories import EventFactory
from events.operations import edit_event
from waitlists.operations import decline_promotion, join_waitlist

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = Origin()
# After which a lock is released that nothing else limits, so that its test fails and does not hang.
HELD_SECONDS = 20.0
NO_TIME_OUTS = "SET lock_timeout = 0; SET statement_timeout = 0"


def book(event, booking):
    return bookings.book_seats(
        event_id=event.pk, user_id=UserFactory().pk, quantity=1, origin=ORIGIN
    )


def wait(event, booking):
    return join_waitlist(event_id=event.pk, user_id=UserFactory().pk, quantity=1)


def cancel_own(event, booking):
    return bookings.cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)


def decline(event, booking):
    return decline_promotion(event_id=event.pk, promotion_id=uuid4())


def edit(event, booking):
    return edit_event(event_id=event.pk, version=None, name="Another name")


@pytest.fixture
def locked(settings):
    """Return a function that locks an event as a session of an administrator that hangs."""
    with as_owner() as other:
        timer = threading.Timer(HELD_SECONDS, other.rollback)

        def lock(event):
            other.execute("SELECT FROM events WHERE id = %s FOR UPDATE", [event.pk])
            timer.start()
            settings.LOCK_TIMEOUT = timedelta(milliseconds=1)
            with connection.cursor() as cursor:
                cursor.execute(NO_TIME_OUTS)

        yield lock
        timer.cancel()
        other.rollback()


@pytest.mark.parametrize("act", [book, wait, cancel_own, decline, edit])
@pytest.mark.parametrize("seats", [1, 5], ids=["sold out", "seats left"])
def test_operation_ends_while_the_event_is_locked(act, seats, locked):
    event = EventFactory(total_capacity=seats)
    booking = BookingFactory(event=event, quantity=1)
    locked(event)

    with pytest.raises(EventBusy):
        act(event, booking)

    # The connection goes on.
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_others_wait_for_a_moment_where_one_has_waited_in_vain(locked, settings):
    event = EventFactory(total_capacity=5)
    booking = BookingFactory(event=event, quantity=1)
    assert limits.lock_limit(event.pk) > limits.MOMENT
    locked(event)
    with pytest.raises(EventBusy):
        wait(event, booking)
    settings.LOCK_TIMEOUT = timedelta(hours=1)

    # After an hour, if it waited as long.
    for act in (book, cancel_own):
        with pytest.raises(EventBusy):
            act(event, booking)
    assert limits.lock_limit(EventFactory().pk) > limits.MOMENT


def test_others_wait_again_once_a_request_has_locked_the_event(settings):
    event = EventFactory(total_capacity=5)
    for act in (book, edit):
        limits._stuck[event.pk] = time.monotonic() + 60
        act(event, None)
        assert limits.lock_limit(event.pk) > limits.MOMENT
