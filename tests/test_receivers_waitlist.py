"""Facts of a waitlist notify the right users, in their own transaction."""

from datetime import timedelta

import pytest

from bookings.factories import BookingFactory
from bookings.operations import (
    Canceller,
    cancel_booking,
)
from evently.accounts.factories import UserFactory
from notifications.emails.message import build_email
from tests.notified import ORIGIN, emails_to, kinds_of, latest, offered, waiting_for_two, zurich
from waitlists.models import Promotion
from waitlists.operations import (
    accept_promotion,
    decline_promotion,
    expire_promotions,
    join_waitlist,
    leave_waitlist,
)

# Operations open durable transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting():
    return waiting_for_two()


def small_offer():
    """Offer two seats to a user who asked for four, or at least one."""
    event = zurich(total_capacity=4)
    booking = BookingFactory(event=event, quantity=2)
    BookingFactory(event=event, quantity=2)
    user = UserFactory()
    join_waitlist(event_id=event.pk, user_id=user.pk, quantity=4, min_quantity=1)
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)
    return Promotion.objects.select_related("user", "event").get(user_id=user.pk)


def test_joining_has_the_position(waiting):
    _, _, user, entry = waiting

    assert latest(user).type == "waitlist_join"
    assert latest(user).data["entry"] == str(entry.pk)
    assert latest(user).message == (
        "You asked for 2 seats and are on the waitlist for Jazz, at position 1."
    )


def test_joining_again_notifies_again(waiting):
    event, _, user, entry = waiting
    leave_waitlist(event_id=event.pk, entry_id=entry.pk)

    join_waitlist(event_id=event.pk, user_id=user.pk, quantity=1)

    assert kinds_of(user) == ["waitlist_join", "waitlist_join"]


def test_offer_has_its_expiry(waiting):
    promotion = offered(waiting)

    notification = latest(promotion.user)
    assert notification.type == "waitlist_promotion"
    assert notification.data["promotion"] == str(promotion.pk)
    assert notification.message.startswith("2 seats for Jazz are held for you until ")
    assert kinds_of(promotion.user) == ["waitlist_join", "waitlist_promotion"]


def test_accepted_offer_notifies_as_a_booking(waiting):
    promotion = offered(waiting)

    accept_promotion(event_id=promotion.event_id, promotion_id=promotion.pk, origin=ORIGIN)

    assert kinds_of(promotion.user) == ["waitlist_join", "waitlist_promotion", "booking_confirm"]


def test_declined_offer_notifies_in_the_app_only(waiting):
    promotion = offered(waiting)

    decline_promotion(event_id=promotion.event_id, promotion_id=promotion.pk)

    assert latest(promotion.user).type == "promotion_ended"
    assert latest(promotion.user).channels == ["in_app"]


def test_expired_offer_notifies_by_email_too(waiting, clock):
    promotion = offered(waiting)
    emails_to(promotion.user)
    clock.move(timedelta(days=3))

    expire_promotions(event_id=promotion.event_id)

    assert latest(promotion.user).type == "promotion_ended"
    assert latest(promotion.user).channels == ["in_app", "email"]


def test_declining_says_whether_the_place_is_kept(waiting):
    whole, part = offered(waiting), small_offer()

    for promotion in (whole, part):
        decline_promotion(event_id=promotion.event_id, promotion_id=promotion.pk)

    assert latest(whole.user).message == (
        "You have declined 2 seats for Jazz. You have left the waitlist."
    )
    assert latest(part.user).message == (
        "You have declined 2 seats for Jazz. You keep your place on the waitlist, at position 1. "
        "From now on, you need at least 3 seats."
    )


def test_claiming_less_than_asked_for_says_that_the_place_is_kept():
    promotion = small_offer()

    accept_promotion(event_id=promotion.event_id, promotion_id=promotion.pk, origin=ORIGIN)

    kept = (
        "You have claimed 2 of 4 seats, and keep your place on the waitlist for the other 2. If "
        "you do not want them, please leave the waitlist."
    )
    confirmation = latest(promotion.user)
    assert confirmation.message.endswith(kept)
    assert kept in build_email(confirmation, promotion.user).body


def test_claiming_all_says_nothing_about_a_place(waiting):
    promotion = offered(waiting)

    accept_promotion(event_id=promotion.event_id, promotion_id=promotion.pk, origin=ORIGIN)

    assert "waitlist" not in latest(promotion.user).message


def test_email_of_a_smaller_offer_says_what_can_be_done():
    promotion = small_offer()

    body = " ".join(build_email(latest(promotion.user), promotion.user).body.split())

    assert "You asked for 4 seats. Claim these 2 and keep your place for the other 2" in body
    assert "If you cannot come, please decline by" in body


def test_expired_offer_says_that_it_counts(waiting, clock):
    promotion = offered(waiting)
    emails_to(promotion.user)
    clock.move(timedelta(days=3))

    expire_promotions(event_id=promotion.event_id)

    assert (
        "If you join again, your place ranks behind those of people who let fewer offers run out, "
        "and your next offer lasts a quarter as long." in latest(promotion.user).message
    )
