"""A price under its rule, against the promises made for it, after any steps of all who touch it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bookings import operations as bookings
from bookings.models import Booking
from bookings.operations import Canceller
from boxoffice.pricing.applying import verdict
from boxoffice.pricing.demand import demand_of
from boxoffice.pricing.tasks import apply_price_rules
from evently.accounts.factories import UserFactory
from evently.errors import DomainError, Invalid
from evently.origin import Origin
from evently.tests.rows import check_everything, people
from events import operations
from events.factories import EventFactory
from events.models import Event, PriceChange, PriceRule
from events.pricing.rule import StepKind
from waitlists import operations as waitlists
from waitlists.models import Promotion

ORIGIN = Origin()
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
# Clocks in Zurich go forward on 28 March 2027.
OPENED = datetime(2027, 3, 20, 9, tzinfo=UTC)
STARTS = datetime(2027, 4, 12, 18, tzinfo=UTC)


def prices(lowest, highest):
    return st.integers(lowest * 4, highest * 4).map(lambda quarters: Decimal(quarters) / 4)


class MovingPrice(RuleBasedStateMachine):
    """Operations on one event, in any order; what was promised is checked after each.

    by_hand: whether the price was changed by hand since. version: of the rule, as it must be.
    """

    clock = None
    booked = Bundle("booked")
    quotes = Bundle("quotes")

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.at = OPENED
        self.clock.stop(self.at)
        self.id = EventFactory(
            priced=15,
            total_capacity=6,
            timezone="Europe/Zurich",
            created_at=OPENED - DAY,
            published_at=OPENED - HOUR,
            event_date=STARTS,
        ).pk
        self.save(enabled=True, floor=Decimal(10), ceiling=Decimal(20), version=0)
        self.by_hand, self.version = False, 1

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    def save(self, version=None, **settings):
        operations.save_price_rule(event_id=self.id, version=version, **settings)

    def event(self):
        return Event.objects.get(pk=self.id)

    def price_rule(self):
        return PriceRule.objects.get(event_id=self.id)

    def edit(self, **changes):
        """Change the event as its organizer does, who may be refused."""
        try:
            operations.edit_event(event_id=self.id, version=None, price_reason="Why not", **changes)
        except DomainError:
            return

    @rule(length=st.sampled_from([SECOND, HOUR - SECOND, HOUR, DAY, 3 * DAY, 9 * DAY]))
    def sweep_later(self, length):
        self.at += length
        self.clock.stop(self.at)
        self.sweep()

    @rule(target=booked, quantity=st.integers(1, 4))
    def book(self, quantity):
        return self._book(quantity, unit_price=self.event().current_price)

    @rule(target=quotes)
    def quote(self):
        (user,) = people(1)
        try:
            quote = operations.quote_price(event_id=self.id, quantity=2, holder=str(user))
        except DomainError:
            return multiple()
        assert quote.unit_price == self.event().current_price
        return user, quote

    @rule(target=booked, given=consumes(quotes))
    def book_with_quote(self, given):
        user, quote = given
        most = min(quote.unit_price, self.event().current_price)
        made = self._book(2, user=user, quote=quote.token)
        assert not isinstance(made, Booking) or made.unit_price == most
        return made

    def _book(self, quantity, user=None, **promise):
        try:
            return bookings.book_seats(
                event_id=self.id,
                user_id=user or people(1)[0],
                quantity=quantity,
                origin=ORIGIN,
                **promise,
            )
        except bookings.PriceChanged:
            raise
        except DomainError:
            return multiple()

    @rule(booking=consumes(booked))
    def cancel(self, booking):
        try:
            bookings.cancel_booking(event_id=self.id, booking_id=booking.pk, by=Canceller.ORGANIZER)
        except DomainError:
            assert self.at >= self.event().event_date

    @rule(quantity=st.integers(1, 3), as_guest=st.booleans())
    def join(self, quantity, as_guest):
        try:
            waitlists.join_waitlist(
                event_id=self.id, user_id=UserFactory().pk, quantity=quantity, as_guest=as_guest
            )
        except DomainError:
            return

    @precondition(lambda self: Promotion.objects.filter(status="pending").exists())
    @rule(target=booked)
    def accept(self):
        offer = Promotion.objects.filter(status="pending").select_related("waitlist").first()
        most = min(offer.unit_price, self.event().current_price)
        assert offer.unit_price <= offer.waitlist.unit_price
        try:
            made = waitlists.accept_promotion(
                event_id=self.id, promotion_id=offer.pk, origin=ORIGIN
            )
        except DomainError:
            assert self.at >= offer.expires_at
            return multiple()
        assert made.unit_price == most
        return made

    @rule(price=prices(8, 24), reason=st.sampled_from(["", "A new act"]))
    def price_by_hand(self, price, reason):
        before = self.event()
        is_change = price != before.current_price
        try:
            operations.edit_event(
                event_id=self.id, version=None, current_price=price, price_reason=reason
            )
        except operations.PriceReasonRequired:
            assert is_change
            assert before.price_moves
            assert not reason
            return
        except DomainError:
            assert self.at >= before.event_date
            return
        if is_change and before.price_moves:
            self.by_hand, self.version = True, self.version + 1

    @rule(price=prices(8, 24))
    def change_base_price(self, price):
        self.edit(base_price=price)

    @rule(capacity=st.integers(1, 12))
    def resize(self, capacity):
        self.edit(total_capacity=capacity)

    @rule(days=st.integers(-9, 9), closes=st.sampled_from([None, 3 * DAY]))
    def move(self, days, closes):
        starts = STARTS + days * DAY
        self.edit(event_date=starts, sales_end_at=starts - closes if closes else None)

    @rule(
        changes=st.fixed_dictionaries(
            {},
            optional={
                "enabled": st.booleans(),
                "resume": st.booleans(),
                "floor": prices(5, 16),
                "ceiling": prices(14, 30),
                "max_step": st.sampled_from([Decimal("0.25"), Decimal(2), Decimal(100)]),
                "step_kind": st.sampled_from(StepKind),
                "min_interval_minutes": st.sampled_from([5, 60, 1440]),
                "rounding_unit": st.sampled_from([Decimal("0.25"), Decimal(1), Decimal(7)]),
                "weight_pace": st.integers(0, 100),
                "weight_waitlist": st.integers(0, 100),
                "expected_percent": st.integers(1, 100),
                "announces_next": st.booleans(),
            },
        )
    )
    def change_rule(self, changes):
        before = self.price_rule()
        try:
            self.save(**changes)
        except Invalid:
            return
        after = self.price_rule()
        if changes.get("resume") or not after.enabled:
            self.by_hand = False
        self._expect_version(before, after)

    @rule()
    def resume(self):
        before = self.price_rule()
        try:
            operations.resume_price_rule(event_id=self.id, version=before.version)
        except (Invalid, operations.NoPriceRule):
            return
        self.by_hand = False
        self._expect_version(before, self.price_rule())

    def _expect_version(self, before, after):
        columns = (*PriceRule.SETTINGS, "suspended_at")
        self.version += any(getattr(before, name) != getattr(after, name) for name in columns)

    @rule()
    def sweep(self):
        before, applied = self.event(), self.price_rule()
        demand = demand_of(before, at=self.at)
        last = PriceChange.objects.order_by("applied_at", "id").last()
        expected = [verdict(applied, before, demand).price for _ in range(2)]

        apply_price_rules()

        price = self.event().current_price
        if price == before.current_price:
            return
        assert [price] * 2 == expected
        assert applied.is_active
        assert before.is_on_sale(at=self.at)
        assert last is None or self.at - last.applied_at >= applied.min_interval
        step = applied.settings(before.base_price).largest_step(before.current_price)
        assert abs(price - before.current_price) <= step
        change = PriceChange.objects.order_by("applied_at", "id").last()
        assert (change.applied_by, change.signed) == (f"price rule v{self.version}", True)
        assert change.applied_at == self.at

    @invariant()
    def every_promise_is_kept(self):
        event, applied = self.event(), self.price_rule()
        assert applied.version == self.version
        assert (applied.suspended_at is not None) == (self.by_hand and applied.enabled)
        bounds = (applied.floor, applied.ceiling) if applied.is_active else (None, None)
        assert (event.price_floor, event.price_ceiling) == bounds
        if applied.is_active:
            assert applied.floor <= event.current_price <= applied.ceiling
        if applied.next_price is not None:
            assert event.current_price < applied.next_price <= applied.ceiling
        chain = list(
            PriceChange.objects.order_by("applied_at", "id").values_list("old_price", "new_price")
        )
        assert [new for _, new in [(0, Decimal(15)), *chain]] == [
            *(old for old, _ in chain),
            event.current_price,
        ]
        check_everything()
        # No two steps are at the same moment.
        self.at += SECOND
        self.clock.stop(self.at)


@pytest.mark.slow
@pytest.mark.django_db
def test_any_steps_keep_what_was_promised_of_a_price(clock):
    MovingPrice.clock = clock
    run_state_machine_as_test(
        MovingPrice,
        settings=settings(
            max_examples=15,
            phases=[Phase.generate],
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
