"""Offers through the operations: who gets them, at which price, and how long they are open."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.models import Booking
from bookings.tasks import expire_pending_bookings
from evently.accounts.factories import UserFactory
from evently.database.clock import now
from evently.origin import Origin
from evently.tests.rows import book, check_everything
from evently.tests.sql import run
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import EntryStatus, Promotion
from waitlists.tests.helpers import cancel, full_event, join, offer_to

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def balanced(db):
    yield
    check_everything()


def set_price(event, price):
    run("UPDATE events SET current_price = %s WHERE id = %s", Decimal(price), event.pk)


def test_seats_too_few_for_the_next_entry_go_to_the_one_behind():
    event, booking = full_event(seats=3)
    entries = [join(event, quantity=quantity) for quantity in (2, 2, 1)]

    cancel(booking)

    offered = Promotion.objects.order_by("promoted_at", "id").values_list("waitlist_id", "quantity")
    assert set(offered) == {(entries[0].pk, 2), (entries[2].pk, 1)}
    entries[1].refresh_from_db()
    assert (entries[1].status, entries[1].position) == (EntryStatus.WAITING, 1)
    assert entries[1].passed_over == 1


@pytest.mark.parametrize(
    ("offered_at", "accepted_at", "paid"),
    [(15, 18, 15), (15, 12, 12), (25, 25, 20), (20, 30, 20)],
)
def test_accepted_seats_cost_the_lowest_of_the_prices_seen(offered_at, accepted_at, paid):
    """Joined at 20. An offer keeps the price at its time, and a lower one at its acceptance."""
    event, booking = full_event(priced=20)
    join(event, quantity=2)
    set_price(event, offered_at)
    cancel(booking)
    offer = Promotion.objects.get()
    assert offer.unit_price == min(20, offered_at)

    set_price(event, accepted_at)
    accepted = operations.accept_promotion(
        event_id=event.pk, promotion_id=offer.pk, origin=Origin()
    )

    assert (accepted.unit_price, accepted.total_amount) == (paid, 2 * paid)


def test_expired_offer_cannot_be_accepted_or_declined(clock):
    offer = offer_to(UserFactory(), seats=1)
    clock.move(timedelta(days=5))

    with pytest.raises(operations.PromotionExpired):
        operations.decline_promotion(event_id=offer.event_id, promotion_id=offer.pk)
    with pytest.raises(operations.PromotionExpired):
        operations.accept_promotion(event_id=offer.event_id, promotion_id=offer.pk, origin=Origin())

    assert operations.expire_promotions(event_id=offer.event_id) == 1
    offer.refresh_from_db()
    assert (offer.status, offer.waitlist.status) == ("expired", EntryStatus.EXPIRED)


def test_seats_of_an_expired_pending_booking_are_offered_at_once(clock):
    event = EventFactory(total_capacity=1)
    unpaid = book(event.pk, status="pending", expires_at=now() + timedelta(hours=1))
    entry = join(event)

    expire_pending_bookings()
    assert not Promotion.objects.exists()
    clock.move(timedelta(hours=1, seconds=1))
    expire_pending_bookings()

    assert Booking.objects.get(pk=unpaid).is_cancelled
    assert Promotion.objects.get().waitlist_id == entry.pk
