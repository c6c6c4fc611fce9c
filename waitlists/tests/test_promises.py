"""Promises that outlast changes of the event: price, currency, and the time of offers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.operations import Canceller
from evently.accounts.factories import UserFactory
from evently.database.clock import now
from evently.errors import Invalid
from evently.origin import Origin
from evently.tests.rows import full_event, wait
from evently.tests.sql import value
from events.factories import EventFactory
from events.operations import CurrencySettled, edit_event
from waitlists import operations, tasks
from waitlists.tests.helpers import offer_to

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="test")


def edit(event, **changes):
    event.refresh_from_db()
    return edit_event(
        event_id=event.pk, by_id=event.created_by_id, version=event.version, **changes
    )


def test_published_event_keeps_its_currency():
    event = EventFactory(priced=20, currency="EUR")
    with pytest.raises(CurrencySettled) as refusal:
        edit(event, currency="KWD")
    assert "currency" in refusal.value.fields
    assert edit(event, currency="EUR", name="The same").currency == "EUR"
    draft = EventFactory(published_at=None)
    assert edit(draft, currency="KWD").currency == "KWD"


def test_offer_ends_at_the_new_start_of_its_event(clock):
    offer = offer_to(UserFactory())
    starts = now() + timedelta(minutes=5)

    edit(offer.event, event_date=starts)

    offer.refresh_from_db()
    assert offer.expires_at == starts
    assert offer.window_minutes in (5, 6)  # the offer was made slightly earlier
    clock.move(timedelta(minutes=5))
    with pytest.raises(operations.PromotionExpired):
        operations.accept_promotion(event_id=offer.event_id, promotion_id=offer.pk, origin=ORIGIN)
    tasks.expire_promotions()
    offer.refresh_from_db()
    assert offer.status == "expired"


def test_offer_keeps_its_end_if_the_new_start_is_later():
    offer = offer_to(UserFactory())
    edit(offer.event, event_date=offer.event.event_date - timedelta(days=1))
    expires_at = offer.expires_at
    offer.refresh_from_db()
    assert offer.expires_at == expires_at


@pytest.mark.parametrize(("given", "promised"), [({}, 20), ({"unit_price": 5}, 5)])
def test_entry_inserted_by_plain_sql_gets_the_current_price(given, promised):
    event_id, _ = full_event(base_price=20, current_price=20)
    entry = wait(event_id, **given)
    assert value("SELECT unit_price FROM waitlists WHERE id = %s", entry) == Decimal(promised)


def test_booking_cannot_be_cancelled_after_the_start(clock):
    event = EventFactory()
    booking = BookingFactory(event=event)
    with pytest.raises(Invalid) as refusal:
        edit(event, cancellation_deadline=event.event_date + timedelta(days=1))
    assert "cancellation_deadline" in refusal.value.fields
    # The deadline may be older than that rule, or written by plain SQL.
    type(event).objects.filter(pk=event.pk).update(
        cancellation_deadline=event.event_date + timedelta(days=1)
    )
    clock.move(event.event_date - now() + timedelta(minutes=1))
    with pytest.raises(bookings.CancellationClosed):
        bookings.cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)
