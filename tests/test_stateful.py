"""Ledger and waitlist against a model in a few lines: after any steps, both must agree.

So must the replay of the public record, by the rules and without the model.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
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
from waitlists.models import Line, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import end_offers, promote_waiting
from waitlists.tests.recorded import check_record

ORIGIN = Origin()
quantities = st.integers(1, 4)


@dataclass(eq=False)
class Entry:
    """A waitlist entry of the model. id: of the row; rank: what it is ordered by."""

    id: UUID
    user: UUID
    quantity: int
    min_quantity: int
    confirmed: bool
    rank: tuple[int, datetime, UUID]
    passes: int = 0


@dataclass
class Model:
    """The expected state. booked: seats by booking; waiting: in order; offers: seats by entry."""

    capacity: int
    max_passes: int | None
    booked: dict[UUID, int] = field(default_factory=dict)
    waiting: list[Entry] = field(default_factory=list)
    offers: dict[UUID, int] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return self.capacity - sum(self.booked.values()) - sum(self.offers.values())

    def reserves(self, entry: Entry) -> bool:
        return (
            entry.confirmed
            and self.max_passes is not None
            and entry.passes >= self.max_passes
            and entry.min_quantity <= self.capacity
        )

    def fits(self, entry: Entry) -> bool:
        return entry.confirmed and entry.min_quantity <= self.free

    @property
    def comes_first(self) -> bool:
        return any(self.fits(entry) or self.reserves(entry) for entry in self.waiting)

    def put(self, entry: Entry) -> None:
        self.waiting.append(entry)
        self.waiting.sort(key=lambda entry: entry.rank)

    def offer(self, entry: Entry, seats: int) -> None:
        """Offer seats to an entry, past those before it."""
        self.offers[entry.id] = seats
        for passed in self.waiting[: self.waiting.index(entry)]:
            passed.passes += passed.confirmed
        self.waiting.remove(entry)

    def promote(self) -> None:
        """Offer free seats to the entries that fit, in order, up to the first that reserves."""
        for entry in list(self.waiting):
            if self.fits(entry):
                self.offer(entry, min(entry.quantity, self.free))
            elif self.reserves(entry):
                return


class LedgerAndWaitlist(RuleBasedStateMachine):
    """The operations on one event, each also applied to the model."""

    booked = Bundle("booked")
    entries = Bundle("entries")

    def __init__(self):
        super().__init__()
        self.event = EventFactory(total_capacity=6)
        self.model = Model(capacity=6, max_passes=3)

    def offer_of(self, entry):
        return Promotion.objects.get(waitlist_id=entry.id, status="pending")

    def rank_of(self, entry_id):
        row = WaitlistEntry.objects.get(pk=entry_id)
        return (-row.priority_score, row.ranked_at or row.joined_at, row.pk)

    @rule(max_passes=st.sampled_from([0, 3, None]))
    def set_rule(self, max_passes):
        edit_event(event_id=self.event.pk, version=None, max_passes=max_passes)
        self.model.max_passes = max_passes
        self.model.promote()

    @rule(target=booked, quantity=quantities)
    def book(self, quantity):
        (user,) = people(1)
        free, comes_first = self.model.free, self.model.comes_first
        try:
            made = bookings.book_seats(
                event_id=self.event.pk, user_id=user, quantity=quantity, origin=ORIGIN
            )
        except bookings.SoldOut:
            assert quantity > free
            return multiple()
        except bookings.WaitlistFirst:
            assert comes_first
            return multiple()
        assert quantity <= free
        assert not comes_first
        self.model.booked[made.pk] = quantity
        for entry in self.model.waiting:
            entry.passes += entry.confirmed
        return made.pk

    @rule(booking=consumes(booked))
    def cancel(self, booking):
        bookings.cancel_booking(event_id=self.event.pk, booking_id=booking, by=Canceller.ATTENDEE)
        del self.model.booked[booking]
        self.model.promote()

    @rule(
        target=entries,
        quantity=quantities,
        min_quantity=quantities,
        as_guest=st.booleans(),
    )
    def join(self, quantity, min_quantity, as_guest):
        min_quantity = min(min_quantity, quantity)
        (user,) = people(1)
        is_on_sale = min_quantity <= self.model.free and not self.model.comes_first
        try:
            made = operations.join_waitlist(
                event_id=self.event.pk,
                user_id=user,
                quantity=quantity,
                min_quantity=min_quantity,
                as_guest=as_guest,
            )
        except operations.SeatsAvailable:
            assert is_on_sale
            return multiple()
        except bookings.BookingLimit:
            assert quantity > self.model.capacity
            return multiple()
        assert not is_on_sale
        entry = Entry(made.pk, user, quantity, min_quantity, not as_guest, self.rank_of(made.pk))
        self.model.put(entry)
        return entry

    @rule(entry=entries)
    def confirm(self, entry):
        try:
            operations.confirm_entry(event_id=self.event.pk, entry_id=entry.id)
        except (operations.NotWaiting, operations.EntryNotFound):
            assert entry not in self.model.waiting
            return
        if entry in self.model.waiting and not entry.confirmed:
            entry.confirmed = True
            self.model.promote()

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

    @rule(target=booked, entry=entries, fewer=st.integers(0, 2))
    def accept(self, entry, fewer):
        if entry.id not in self.model.offers:
            return multiple()
        offered = self.model.offers[entry.id]
        seats = max(offered - fewer, 1)
        made = operations.accept_promotion(
            event_id=self.event.pk,
            promotion_id=self.offer_of(entry).pk,
            origin=ORIGIN,
            quantity=seats,
        )
        del self.model.offers[entry.id]
        self.model.booked[made.pk] = seats
        if seats == offered and entry.quantity > offered:
            entry.quantity, entry.min_quantity = entry.quantity - offered, 1
            self.wait_on(entry)
        elif seats < offered:
            self.model.promote()
        return made.pk

    def wait_on(self, entry):
        entry.passes = 0
        self.model.put(entry)

    @rule(entry=entries, declined=st.booleans())
    def decline_or_expire(self, entry, declined):
        if entry.id not in self.model.offers:
            return
        offer = self.offer_of(entry)
        offered = self.model.offers.pop(entry.id)
        if declined:
            operations.decline_promotion(event_id=self.event.pk, promotion_id=offer.pk)
            if entry.quantity > offered:
                entry.min_quantity = offered + 1
                self.wait_on(entry)
        else:

            def expire():
                event = lock_event(self.event.pk)
                end_offers(locked_event=event, promotions=[offer], status=PromotionStatus.EXPIRED)
                promote_waiting(locked_event=event)

            run_in_transaction(expire)
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
            position = min(position, len(waiting) + 1)
            entry.rank = self.rank_of(entry.id)
            self.model.put(entry)
            assert waiting.index(entry) == position - 1
            self.model.promote()

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
            model.offer(entry, quantity)
            model.promote()

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
        line = Line.objects.filter(event_id=self.event.pk).first()
        passes = waiting.confirmed().with_passes(line.public_sales if line else 0)
        assert dict(passes.values_list("id", "passes")) == {
            entry.id: entry.passes for entry in model.waiting if entry.confirmed
        }
        check_everything()
        check_record(self.event.pk)


@pytest.mark.slow
@pytest.mark.django_db
def test_database_agrees_with_the_model():
    run_state_machine_as_test(
        LedgerAndWaitlist,
        settings=settings(
            max_examples=25,
            phases=[Phase.generate],
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
