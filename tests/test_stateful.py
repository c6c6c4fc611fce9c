"""Ledger and line beside a model of a few lines: after any steps, both tell the same."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from bookings import operations as bookings
from bookings.models import Booking
from bookings.operations import Canceller
from boxoffice.lifecycle import operations as lifecycle
from evently.origin import Origin
from evently.tests.rows import check_everything, free_seats, people
from evently.transactions import run_in_transaction as one_transaction
from events.factories import EventFactory
from events.locks import lock_event
from events.models import Event
from events.operations import CapacityInUse, edit_event
from waitlists import operations
from waitlists.models import Promotion, WaitlistEntry
from waitlists.operations.promotions import end_offer, promote_waiting

ORIGIN = Origin()
quantities = st.integers(1, 4)


@dataclass
class Place:
    """Somebody in the model's line. id: of their entry."""

    id: UUID
    user: UUID
    quantity: int
    least: int
    turn: int
    score: int = 0


@dataclass
class Model:
    """What must be, told without a database."""

    capacity: int
    booked: dict[UUID, int] = field(default_factory=dict)
    line: list[Place] = field(default_factory=list)
    offers: dict[UUID, int] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return self.capacity - sum(self.booked.values()) - sum(self.offers.values())

    def serve(self) -> None:
        """Offer what is free to those who fit, in order; offers are kept by entry."""
        self.line.sort(key=lambda place: (-place.score, place.turn))
        for place in list(self.line):
            if place.least <= self.free:
                self.offers[place.id] = min(place.quantity, self.free)
                self.line.remove(place)


class LedgerAndLine(RuleBasedStateMachine):
    """The operations on one event, each also done to the model."""

    booked = Bundle("booked")
    places = Bundle("places")

    def __init__(self):
        super().__init__()
        self.event = EventFactory(total_capacity=6)
        self.model = Model(capacity=6)
        self.turns = 0

    def offer_of(self, place):
        return Promotion.objects.get(waitlist_id=place.id, status="pending")

    @rule(target=booked, quantity=quantities)
    def book(self, quantity):
        (user,) = people(1)
        free = self.model.free
        try:
            made = bookings.book_seats(
                event_id=self.event.pk, user_id=user, quantity=quantity, origin=ORIGIN
            )
        except bookings.SoldOut:
            assert quantity > free
            return multiple()
        assert quantity <= free
        self.model.booked[made.pk] = quantity
        return made.pk

    @rule(booking=consumes(booked))
    def cancel(self, booking):
        bookings.cancel_booking(event_id=self.event.pk, booking_id=booking, by=Canceller.ATTENDEE)
        del self.model.booked[booking]
        self.model.serve()

    @rule(target=places, quantity=quantities, least=quantities)
    def join(self, quantity, least):
        least = min(least, quantity)
        (user,) = people(1)
        try:
            made = operations.join_waitlist(
                event_id=self.event.pk, user_id=user, quantity=quantity, min_quantity=least
            )
        except operations.SeatsAvailable:
            assert least <= self.model.free
            return multiple()
        except bookings.BookingLimit:
            assert quantity > self.model.capacity
            return multiple()
        assert least > self.model.free
        self.turns += 1
        place = Place(made.pk, user, quantity, least, self.turns)
        self.model.line.append(place)
        return place

    @rule(place=consumes(places))
    def leave(self, place):
        try:
            operations.leave_waitlist(event_id=self.event.pk, entry_id=place.id)
        except operations.NotWaiting:
            assert place not in self.model.line
            assert place.id not in self.model.offers
            return
        if place in self.model.line:
            self.model.line.remove(place)
        else:
            del self.model.offers[place.id]
            self.model.serve()

    @rule(target=booked, place=places)
    def accept(self, place):
        if place.id not in self.model.offers:
            return multiple()
        offer = self.offer_of(place)
        made = operations.accept_promotion(
            event_id=self.event.pk, promotion_id=offer.pk, origin=ORIGIN
        )
        self.model.booked[made.pk] = self.model.offers.pop(place.id)
        return made.pk

    @rule(place=places, declined=st.booleans())
    def let_go(self, place, declined):
        if place.id not in self.model.offers:
            return
        offer = self.offer_of(place)
        if declined:
            operations.decline_promotion(event_id=self.event.pk, promotion_id=offer.pk)
        else:

            def expire():
                event = lock_event(self.event.pk)
                end_offer(locked_event=event, promotion=offer, status="expired")
                promote_waiting(locked_event=event)

            one_transaction(expire)
        del self.model.offers[place.id]
        self.model.serve()

    @rule(place=places, score=st.integers(-1, 2))
    def prioritize(self, place, score):
        try:
            operations.set_priority(
                event_id=self.event.pk, entry_id=place.id, score=score, reason="why not"
            )
        except operations.NotWaiting:
            assert place not in self.model.line
        else:
            place.score = score

    @rule(capacity=st.integers(1, 12))
    def resize(self, capacity):
        used = self.model.capacity - self.model.free
        event = Event.objects.get(pk=self.event.pk)
        try:
            edit_event(
                event_id=event.pk,
                version=event.version,
                total_capacity=capacity,
            )
        except CapacityInUse:
            assert capacity < used
            return
        assert capacity >= used
        # Fewer free seats serve nobody; more do.
        self.model.capacity = capacity
        self.model.serve()

    @rule(place=consumes(places))
    def remove(self, place):
        if Booking.objects.filter(user_id=place.user).exists():
            return
        lifecycle.delete_person(user_id=place.user)
        if place in self.model.line:
            self.model.line.remove(place)
        self.model.offers.pop(place.id, None)
        self.model.serve()

    @invariant()
    def database_tells_the_same(self):
        model = self.model
        model.line.sort(key=lambda place: (-place.score, place.turn))
        assert free_seats(self.event.pk) == model.free
        waiting = WaitlistEntry.objects.filter(event_id=self.event.pk, status="waiting")
        assert list(waiting.order_by("position").values_list("position", "id")) == [
            (rank, place.id) for rank, place in enumerate(model.line, 1)
        ]
        pending = Promotion.objects.filter(event_id=self.event.pk, status="pending")
        assert dict(pending.values_list("waitlist_id", "quantity")) == model.offers
        living = Booking.objects.filter(event_id=self.event.pk).holding_seats()
        assert dict(living.values_list("id", "quantity")) == model.booked
        check_everything()


@pytest.mark.slow
@pytest.mark.django_db
def test_database_does_what_the_model_says():
    run_state_machine_as_test(
        LedgerAndLine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
