"""Price rules at work: applied once, under the lock, with quotes and offers kept."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command

from bookings.factories import BookingFactory
from boxoffice.lifecycle.operations import delete_event
from boxoffice.pricing import applying
from boxoffice.pricing.demand import demand_of
from boxoffice.pricing.tasks import apply_price_rules
from evently.database.clock import now
from evently.tests.sql import as_at_commit
from evently.tests.together import run_together
from events.factories import EventFactory
from events.models import Event, PriceChange, PriceRule
from events.operations import edit_event, publish_event, quote_price, read_quote, save_price_rule
from waitlists.factories import WaitlistEntryFactory
from waitlists.operations import call_off_draw
from waitlists.tests.drawing_rows import announce

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def ruled(capacity=10, event=None, **settings):
    """Return an event of €30 that opened 10 days ago and starts in 10; steps of €2 each hour."""
    columns = {"total_capacity": capacity} | (event or {})
    event = EventFactory(
        priced=30,
        created_at=now() - 11 * DAY,
        published_at=now() - 10 * DAY,
        event_date=now() + 10 * DAY,
        **columns,
    )
    given = {
        "enabled": True,
        "floor": Decimal(20),
        "ceiling": Decimal(40),
        "max_step": Decimal(2),
        "step_kind": "amount",
        "min_interval_minutes": 60,
    }
    save_price_rule(event_id=event.pk, version=None, **(given | settings))
    return event


def price_of(event):
    return Event.objects.values_list("current_price", flat=True).get(pk=event.pk)


def book(event, seats, **columns):
    return [BookingFactory(event=event, **columns) for _ in range(seats)]


@pytest.mark.django_db
def test_demand_is_what_is_booked_held_and_waited_for():
    event = ruled()
    book(event, 2)
    BookingFactory(event=event, quantity=3, created_at=now() - 2 * DAY)
    BookingFactory(event=event, created_at=now() - 8 * DAY)
    cancelled = BookingFactory(event=event, quantity=2)
    cancelled.status, cancelled.cancelled_at = "cancelled", now()
    cancelled.cancelled_by = "attendee"
    cancelled.save(update_fields=["status", "cancelled_at", "cancelled_by"])
    event.refresh_from_db()

    demand = demand_of(event, at=now())

    assert (demand.taken, demand.sold_last_day, demand.sold_last_week) == (6, 2, 5)
    assert demand.capacity == 10
    assert demand.sales_open_at == event.published_at
    assert demand.sales_close_at == event.event_date


@pytest.mark.django_db
def test_sweep_moves_each_price_that_is_due_once(clock):
    ahead, behind, even = ruled(), ruled(), ruled()
    off = ruled(enabled=False)
    book(ahead, 9)
    book(off, 9)
    book(even, 5)

    apply_price_rules()
    apply_price_rules()

    assert [price_of(event) for event in (ahead, behind, off)] == [32, 28, 30]
    change = PriceChange.objects.get(event_id=ahead.pk)
    assert (change.applied_by, change.signed) == ("price rule v1", True)
    assert change.reason == "90% sold, 9 days left: demand is ahead of plan"
    assert PriceChange.objects.get(event_id=behind.pk).reason == (
        "0% sold, 9 days left: demand is behind plan"
    )
    clock.move(HOUR)
    apply_price_rules()
    assert [price_of(event) for event in (ahead, behind, off)] == [34, 26, 30]


@pytest.mark.django_db
def test_price_by_hand_stays_and_event_that_is_over_is_left_alone(clock):
    event = ruled()
    book(event, 9)
    edit_event(
        event_id=event.pk, version=None, current_price=Decimal(25), price_reason="A quiet week"
    )
    clock.move(DAY)
    apply_price_rules()
    assert price_of(event) == 25
    resumed = ruled()
    clock.move(11 * DAY)
    apply_price_rules()
    assert price_of(resumed) == 30
    assert applying.apply_price_rule(event_id=resumed.pk) is None


@pytest.mark.django_db
def test_next_rise_is_stored_and_comes_true():
    event = ruled(capacity=100)
    book(event, 50)
    apply_price_rules()
    rule = PriceRule.objects.get()
    price = price_of(event)
    assert rule.next_price > price
    assert rule.next_at_taken > 50

    event.refresh_from_db()
    demand = demand_of(event, at=now())
    made = applying.verdict(rule, event, demand, may_move=False)
    assert made.next_rise.price == rule.next_price
    assert abs(demand.taken + made.next_rise.seats - rule.next_at_taken) <= 1


@pytest.mark.django_db
def test_quote_given_before_keeps_its_price(clock):
    event = ruled()
    quote = quote_price(event_id=event.pk, quantity=1, holder="ada")
    book(event, 9)
    apply_price_rules()
    assert price_of(event) == 32
    assert read_quote(quote.token, event_id=event.pk, holder="ada", at=now()).unit_price == 30


@pytest.mark.django_db
def test_waiting_people_raise_the_price():
    event = ruled(weight_sold=0, weight_pace=0, weight_waitlist=100)
    book(event, 10)
    apply_price_rules()
    assert price_of(event) == 30
    WaitlistEntryFactory(event=event, quantity=2)
    as_at_commit()
    apply_price_rules()
    assert price_of(event) == 32
    assert "2 seats waited for" in PriceChange.objects.get().reason


@pytest.mark.django_db
def test_places_that_are_not_confirmed_move_no_price():
    event = ruled(weight_sold=0, weight_pace=0, weight_waitlist=100)
    book(event, 10)
    for _ in range(2):
        WaitlistEntryFactory(event=event, quantity=2, confirmed_at=None)
    as_at_commit()
    event.refresh_from_db()
    assert demand_of(event, at=now()).waiting_seats == 0
    apply_price_rules()
    assert price_of(event) == 30


@pytest.mark.django_db
def test_price_rests_until_seats_have_been_drawn():
    event = ruled()
    announce(event.pk)
    apply_price_rules()
    assert applying.apply_price_rule(event_id=event.pk) is None
    assert price_of(event) == 30
    call_off_draw(event_id=event.pk)
    apply_price_rules()
    assert price_of(event) == 28


# Currency, price, largest step, unit and ending of prices, and the price that follows.
SIZES = [
    ("EUR", "30", "2", "1", "0", "32"),
    ("EUR", "30", "2", "1", "0.90", "31.90"),
    ("EUR", "0.10", "10%", "0.01", "0", "0.11"),
    ("EUR", "0.10", "10%", "0.50", "0", "0.10"),
    ("JPY", "3000", "7", "5", "0", "3005"),
    ("KWD", "3.125", "0.010", "0.005", "0", "3.135"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("currency", "price", "step", "unit", "ending", "moved"), SIZES)
def test_prices_of_any_size_move_in_any_currency(currency, price, step, unit, ending, moved):
    price = Decimal(price)
    event = ruled(
        event={"currency": currency, "base_price": price},
        floor=price / 2 if currency != "KWD" else Decimal(1),
        ceiling=price * 2,
        max_step=Decimal(step.rstrip("%")),
        step_kind="percent" if "%" in step else "amount",
        rounding_unit=Decimal(unit),
        rounding_ending=Decimal(ending),
    )
    book(event, 9)
    apply_price_rules()
    assert price_of(event) == Decimal(moved)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns",
    [
        {"published_at": None},
        {"sales_start_at": datetime.now(UTC) + HOUR},
        {"sales_end_at": datetime.now(UTC) - HOUR},
        {"status": "cancelled"},
        {"status": "completed"},
    ],
)
def test_price_of_an_event_that_is_not_on_sale_stays(columns):
    event = ruled()
    Event.objects.filter(pk=event.pk).update(**columns)
    apply_price_rules()
    assert applying.apply_price_rule(event_id=event.pk) is None
    assert price_of(event) == 30


@pytest.mark.django_db
def test_rule_of_a_draft_begins_when_it_is_published_and_goes_with_the_event(clock):
    event = ruled()
    Event.objects.filter(pk=event.pk).update(published_at=None)
    publish_event(event_id=event.pk)
    apply_price_rules()
    assert price_of(event) == 30
    clock.move(2 * DAY)
    apply_price_rules()
    assert price_of(event) == 28
    delete_event(event_id=event.pk)
    assert not PriceRule.objects.exists()
    assert not PriceChange.objects.exists()


@pytest.mark.django_db
def test_fixed_price_and_fewer_seats_than_sold_move_nothing_out_of_bounds():
    fixed = ruled(floor=Decimal(30), ceiling=Decimal(30))
    sold = ruled(expected_percent=10)
    for event in (fixed, sold):
        book(event, 5)
        edit_event(event_id=event.pk, version=None, total_capacity=5)
    apply_price_rules()
    assert [price_of(event) for event in (fixed, sold)] == [30, 32]


@pytest.mark.django_db
def test_command_says_what_it_did(capsys):
    event = ruled()
    book(event, 9)
    call_command("apply_price_rules")
    assert capsys.readouterr().out.splitlines() == [f"{event.pk}: now 32.00", "1 price changed."]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_workers_move_a_price_once():
    event = ruled(capacity=100)
    book(event, 90)

    def apply():
        return applying.apply_price_rule(event_id=event.pk)

    moved = run_together(*[apply] * 4)

    assert sorted(price is not None for price in moved) == [False, False, False, True]
    assert price_of(event) == 32
    assert PriceChange.objects.count() == 1
