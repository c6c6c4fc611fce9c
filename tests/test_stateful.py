"""Ledger and waitlist against a model in a few lines: after any steps, both must agree."""

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
from evently.errors import Invalid
from evently.origin import Origin
from evently.tests.rows import check_everything, free_seats, people
from evently.transactions import run_in_transaction
from events.factories import EventFactory
from events.locks import lock_event
from events.models import Event
from events.operations import CapacityInUse, edit_event
from waitlists import operations
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offers, promote_waiting

ORIGIN = Origin()
quantities = st.integers(1, 4)


@dataclass
class Entry:
    """A waitlist entry of the model. id: of the row."""

    id: UUID
    user: UUID
    quantity: int
    min_quantity: int


@dataclass
class Model:
    """The expected state. booked: seats by booking; waiting: in order; offers: seats by entry."""

    capacity: int
    booked: dict[UUID, int] = field(default_factory=dict)
    waiting: list[Entry] = field(default_factory=list)
    offers: dict[UUID, int] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return self.capacity - sum(self.booked.values()) - sum(self.offers.values())

    def promote(self) -> None:
        """Offer free seats to the entries that fit, in order."""
        for entry in list(self.waiting):
            if entry.min_quantity <= self.free:
                self.offers[entry.id] = min(entry.quantity, self.free)
                self.waiting.remove(entry)


class LedgerAndWaitlist(RuleBasedStateMachine):
    """The operations on one event, each also applied to the model."""

    booked = Bundle("booked")
    entries = Bundle("entries")

    def __init__(self):
        super().__init__()
        self.event = EventFactory(total_capacity=6)
        self.model = Model(capacity=6)

    def offer_of(self, entry):
        return Promotion.objects.get(waitlist_id=entry.id, status="pending")

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
        self.model.promote()

    @rule(target=entries, quantity=quantities, min_quantity=quantities)
    def join(self, quantity, min_quantity):
        min_quantity = min(min_quantity, quantity)
        (user,) = people(1)
        try:
            made = operations.join_waitlist(
                event_id=self.event.pk, user_id=user, quantity=quantity, min_quantity=min_quantity
            )
        except operations.SeatsAvailable:
            assert min_quantity <= self.model.free
            return multiple()
        except bookings.BookingLimit:
            assert quantity > self.model.capacity
            return multiple()
        assert min_quantity > self.model.free
        entry = Entry(made.pk, user, quantity, min_quantity)
        self.model.waiting.append(entry)
        return entry

    @rule(entry=consumes(entries))
    def leave(self, entry):
        try:
            operations.leave_waitlist(event_id=self.event.pk, entry_id=entry.id)
        except operations.NotWaiting:
            assert entry not in self.model.waiting
            assert entry.id not in self.model.offers
            return
        if entry in self.model.waiting:
            self.model.waiting.remove(entry)
        else:
            del self.model.offers[entry.id]
            self.model.promote()

    @rule(target=booked, entry=entries)
    def accept(self, entry):
        if entry.id not in self.model.offers:
            return multiple()
        offer = self.offer_of(entry)
        made = operations.accept_promotion(
            event_id=self.event.pk, promotion_id=offer.pk, origin=ORIGIN
        )
        self.model.booked[made.pk] = self.model.offers.pop(entry.id)
        return made.pk

    @rule(entry=entries, declined=st.booleans())
    def decline_or_expire(self, entry, declined):
        if entry.id not in self.model.offers:
            return
        offer = self.offer_of(entry)
        if declined:
            operations.decline_promotion(event_id=self.event.pk, promotion_id=offer.pk)
        else:

            def expire():
                event = lock_event(self.event.pk)
                end_offers(locked_event=event, promotions=[offer], status=PromotionStatus.EXPIRED)
                promote_waiting(locked_event=event)

            run_in_transaction(expire)
        del self.model.offers[entry.id]
        self.model.promote()

    @rule(entry=entries, position=st.integers(1, 4))
    def place(self, entry, position):
        waiting = self.model.waiting
        try:
            operations.place_entry(
                event_id=self.event.pk, entry_id=entry.id, position=position, reason="why not"
            )
        except operations.NotWaiting:
            assert entry not in waiting
        except Invalid:
            assert waiting.index(entry) == min(position, len(waiting)) - 1
        else:
            waiting.remove(entry)
            waiting.insert(min(position, len(waiting) + 1) - 1, entry)

    @rule(entry=entries, quantity=st.integers(1, 4), add_seats=st.booleans())
    def offer_by_hand(self, entry, quantity, add_seats):
        model = self.model
        missing = max(quantity - model.free, 0)
        try:
            offer = operations.offer_by_hand(
                event_id=self.event.pk,
                entry_id=entry.id,
                quantity=quantity,
                reason="why not",
                add_seats=add_seats,
            )
        except operations.NotWaiting:
            assert entry not in model.waiting
        except Invalid:
            assert not entry.min_quantity <= quantity <= entry.quantity
        except operations.SeatsMissing:
            assert missing > 0
            assert not add_seats
        else:
            assert offer.quantity == quantity
            model.capacity += missing
            model.waiting.remove(entry)
            model.offers[entry.id] = quantity

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
        # More free seats may fit an entry.
        self.model.capacity = capacity
        self.model.promote()

    @rule(entry=consumes(entries))
    def remove(self, entry):
        if Booking.objects.filter(user_id=entry.user).exists():
            return
        lifecycle.delete_person(user_id=entry.user)
        if entry in self.model.waiting:
            self.model.waiting.remove(entry)
        self.model.offers.pop(entry.id, None)
        self.model.promote()

    @invariant()
    def database_agrees_with_the_model(self):
        model = self.model
        assert free_seats(self.event.pk) == model.free
        waiting = WaitlistEntry.objects.filter(event_id=self.event.pk).waiting()
        assert list(waiting.order_by("position").values_list("position", "id")) == [
            (rank, entry.id) for rank, entry in enumerate(model.waiting, 1)
        ]
        pending = Promotion.objects.filter(event_id=self.event.pk, status="pending")
        assert dict(pending.values_list("waitlist_id", "quantity")) == model.offers
        active = Booking.objects.filter(event_id=self.event.pk).holding_seats()
        assert dict(active.values_list("id", "quantity")) == model.booked
        check_everything()


@pytest.mark.slow
@pytest.mark.django_db
def test_database_agrees_with_the_model():
    run_state_machine_as_test(
        LedgerAndWaitlist,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
