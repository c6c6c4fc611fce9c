"""What scalpers did to the waitlist, and what it comes to now. The figures are in the docstrings.

Attacks on pages, limits of clients, receipts and nights are in the tests of those.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings import operations as bookings
from bookings.factories import BookingFactory
from evently.accounts.factories import UserFactory
from evently.database.clock import now
from events.models import Event
from events.operations import edit_event
from waitlists import operations
from waitlists.models import Promotion, WaitlistEntry
from waitlists.tests.recorded import check_record
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


def book(event, quantity=1, user=None):
    return bookings.book_seats(
        event_id=event.pk,
        user_id=(user or UserFactory()).pk,
        quantity=quantity,
        origin=ORIGIN,
        unit_price=Decimal("1000"),
    )


def test_invented_addresses_at_the_head_hold_no_seat(clock):
    """60 places at the head kept a seat freed 14 days before from all others for 13.7 days: 0."""
    event, booked = full_event()
    clock.stop(event.event_date - timedelta(days=14))
    fakes = [join(event, as_guest=True) for _ in range(60)]
    honest = join(event)

    cancel(booked[0])

    assert status_of(honest) == "promoted"
    assert latest_offer(honest).promoted_at == now()
    assert not Promotion.objects.exclude(waitlist_id=honest.pk).exists()
    assert {status_of(fake) for fake in fakes} == {"waiting"}
    assert "reserved" not in check_record(event.pk)


@pytest.mark.parametrize(("max_passes", "most"), [(None, 8), (3, 3), (0, 0)])
def test_party_at_the_head_is_passed_by_three_public_sales_at_most(max_passes, most):
    """A party of 4 at number 1 was passed by eight single sales: 3, and 0 in strict order."""
    event, booked = full_event(8, max_passes=max_passes)
    party = join(event, 4)
    sold = 0
    for booking in booked:
        cancel(booking)
        try:
            book(event)
        except bookings.WaitlistFirst:
            break
        sold += 1
    assert sold == most
    if max_passes is None:
        return
    for booking in booked[sold + 1 : sold + 4]:
        cancel(booking)
    assert status_of(party) == "promoted"
    assert latest_offer(party).quantity == 4


def test_friends_book_past_twenty_parties_three_times_at_most():
    """A friend's pair was booked past 20 waiting parties, as often as seats came back: 3 times."""
    event, booked = full_event(20)
    parties = [join(event, 4) for _ in range(20)]
    for number in range(3):
        cancel(booked[2 * number])
        cancel(booked[2 * number + 1])
        book(event, 2)
    cancel(booked[6])
    with pytest.raises(bookings.WaitlistFirst):
        book(event)
    assert status_of(parties[0]) == "waiting"
    line = [kind for kind in check_record(event.pk) if kind in ("booked", "reserved")]
    assert line == ["booked"] * 3 + ["reserved"]


def test_price_shown_is_the_ceiling_or_nothing_happens():
    """Shown 20, risen to 60 before the submit, the ceiling was 60, without a word: refused."""
    event, booked = full_event(priced=20)
    edit_event(event_id=event.pk, version=None, current_price=Decimal("60"))
    with pytest.raises(bookings.PriceChanged) as refusal:
        join(event, unit_price=Decimal("20"))
    assert refusal.value.details == {
        "seen_price": Decimal("20.00"),
        "current_price": Decimal("60.00"),
    }
    assert not WaitlistEntry.objects.exists()
    entry = join(event, unit_price=Decimal("60"))
    edit_event(event_id=event.pk, version=None, current_price=Decimal("90"))
    cancel(booked[0])
    assert accept(latest_offer(entry)).unit_price == Decimal("60.00")


def test_two_accounts_cannot_keep_a_seat_off_sale(clock):
    """They kept it for 9 days by letting 40 offers run out in turn: 6 offers, 4.8 days."""
    event, booked = full_event()
    start = event.event_date - timedelta(days=25)
    clock.stop(start)
    accounts = [UserFactory(), UserFactory()]
    entries = [join(event, user=user) for user in accounts]
    cancel(booked[0])
    refused = 0
    while offers := list(Promotion.objects.filter(status="pending")):
        clock.stop(max(offer.expires_at for offer in offers))
        operations.expire_promotions(event_id=event.pk)
        for user in accounts:
            try:
                join(event, user=user)
            except operations.OffersLapsed:
                refused += 1
            except (operations.AlreadyWaiting, operations.SeatsAvailable):
                continue
    kept = now() - start
    assert Promotion.objects.count() <= 6
    assert kept < timedelta(days=4.8)
    book(event)
    assert {entry.status for entry in WaitlistEntry.objects.all()} == {"expired"}
    assert len(entries) == 2


def test_who_lets_offers_run_out_stands_behind_all_others(clock):
    """Joining again, an account stood level with people who never had an offer: behind them."""
    event, booked = full_event()
    clock.stop()
    hoarder = UserFactory()
    join(event, user=hoarder)
    cancel(booked[0])
    clock.stop(Promotion.objects.get().expires_at)
    operations.expire_promotions(event_id=event.pk)
    book(event)
    again, honest = join(event, user=hoarder), join(event)
    again.refresh_from_db()
    assert (again.priority_score, again.position) == (-1, 2)
    assert again.priority_reason == "1 earlier offer ran out."
    cancel(booked[1])
    assert status_of(honest) == "promoted"
    check_record(event.pk)


def test_declining_late_is_no_way_around_a_lapse(clock):
    event, booked = full_event()
    clock.stop()
    entry = join(event)
    cancel(booked[0])
    offer = latest_offer(entry)
    clock.stop(offer.expires_at - timedelta(minutes=1))
    operations.decline_promotion(event_id=event.pk, promotion_id=offer.pk)
    entry.refresh_from_db()
    assert (entry.status, entry.lapses) == ("left", 1)


def test_one_place_cannot_take_all_returned_seats():
    """A place for 10, at least 1, took all returned seats, pairs none: of six, a pair has two.

    Of five seats, the place for 4 leaves one, too few for a pair.
    """
    event, booked = full_event(12, max_per_booking=10)
    with pytest.raises(operations.PlaceLimit):
        join(event, 10, min_quantity=1)
    greedy = join(event, 4, min_quantity=1)
    pairs = [join(event, 2), join(event, 2)]
    Event.objects.filter(pk=event.pk).update(total_capacity=18)
    operations.repair_waitlist(event_id=event.pk)
    assert [latest_offer(entry).quantity for entry in (greedy, pairs[0])] == [4, 2]
    assert status_of(pairs[1]) == "waiting"
    assert booked


def test_part_of_an_offer_can_be_accepted_and_the_rest_goes_on_at_once():
    """Accepting 2 of 5 booked all: it books 2, and the next one is offered the rest."""
    event, _ = full_event()
    entry, following = join(event, 3), join(event)
    Event.objects.filter(pk=event.pk).update(total_capacity=7)
    operations.repair_waitlist(event_id=event.pk)
    booking = operations.accept_promotion(
        event_id=event.pk, promotion_id=latest_offer(entry).pk, origin=ORIGIN, quantity=2
    )
    assert booking.quantity == 2
    assert status_of(entry) == "booked"
    assert latest_offer(following).quantity == 1
    check_record(event.pk)


@pytest.mark.parametrize("accepts", [True, False])
def test_an_offer_smaller_than_asked_does_not_cost_the_place(accepts):
    """Declining one ended the place, and so did accepting it: it is kept for the rest."""
    event, booked = full_event()
    entry, behind = join(event, 4, min_quantity=1), join(event)
    cancel(booked[0])
    offer = latest_offer(entry)
    if accepts:
        accept(offer)
    else:
        operations.decline_promotion(event_id=event.pk, promotion_id=offer.pk)
    entry.refresh_from_db()
    assert (entry.status, entry.position) == ("waiting", 1)
    assert (entry.quantity, entry.min_quantity) == ((3, 1) if accepts else (4, 2))
    assert status_of(behind) == ("waiting" if accepts else "promoted")
    check_record(event.pk)


def test_bookings_are_limited_like_places_while_people_wait():
    """10 bookings of 10 seats took a whole house: none of more than 4 while an entry waits."""
    event, booked = full_event(12, max_passes=None)
    join(event, 4)
    Event.objects.filter(pk=event.pk).update(max_per_place=2)
    for booking in booked[:3]:
        cancel(booking)
    with pytest.raises(bookings.BookingLimit):
        book(event, 3)
    assert book(event, 2).quantity == 2


def test_joining_with_the_address_of_another_does_not_block_the_owner():
    """The owner could not join: they take the place over, and it is confirmed."""
    event, _ = full_event()
    owner = UserFactory()
    taken = join(event, 2, owner, as_guest=True)
    behind = join(event)
    entry = join(event, 1, owner)
    assert (entry.pk, entry.position, entry.is_confirmed) == (taken.pk, 1, True)
    assert entry.quantity == 1
    assert status_of(behind) == "waiting"
    check_record(event.pk)


def test_owner_who_wants_more_seats_than_the_address_was_entered_for_starts_at_the_end():
    event, _ = full_event()
    owner = UserFactory()
    join(event, 1, owner, as_guest=True)
    join(event)
    entry = join(event, 2, owner)
    assert (entry.position, entry.is_confirmed, entry.quantity) == (2, True, 2)
    check_record(event.pk)


@pytest.mark.parametrize(("until_start", "status"), [(True, "promoted"), (False, "waiting")])
def test_seats_cancelled_after_sales_reach_those_who_wait(clock, until_start, status):
    """Seats that came back between the end of sales and the start reached no one."""
    event, booked = full_event(waitlist_until_start=until_start)
    Event.objects.filter(pk=event.pk).update(sales_end_at=event.event_date - timedelta(days=2))
    entry = join(event)
    clock.stop(event.event_date - timedelta(days=1))
    cancel(booked[0])
    entry.refresh_from_db()
    assert entry.status == (status if until_start else entry.status)
    assert Promotion.objects.exists() == until_start
    if until_start:
        booking = accept(latest_offer(entry))
        assert booking.quantity == 1


def test_no_offer_is_made_in_the_last_minutes(clock):
    """An offer of 13.9 seconds was made: none of less than 5 minutes."""
    event, booked = full_event()
    join(event)
    clock.stop(event.event_date - timedelta(minutes=4))
    cancel(booked[0])
    assert not Promotion.objects.exists()
    BookingFactory(event=event)


def test_seats_kept_for_a_place_that_lapsed_go_to_those_who_join_ahead_of_it(clock):
    event, booked = full_event(6, max_passes=0)
    clock.stop()
    hoarder = UserFactory()
    join(event, user=hoarder)
    cancel(booked[0])
    clock.stop(Promotion.objects.get().expires_at)
    operations.expire_promotions(event_id=event.pk)
    BookingFactory(event=event)
    behind = join(event, 4, user=hoarder)
    cancel(booked[1])
    assert status_of(behind) == "waiting"
    ahead = join(event)
    assert status_of(ahead) == "promoted"
    check_record(event.pk)
