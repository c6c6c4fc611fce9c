"""A price rule replayed over the past."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from boxoffice.pricing.replay import MOMENTS, Sale, Span, Timeline, replay
from events.pricing.plan import EVEN, SalesPlan
from events.pricing.rule import Rounding, RuleSettings, StepKind, Weights

OPENED = datetime(2026, 3, 1, 9, tzinfo=UTC)
RULE = RuleSettings(
    floor=Decimal(20),
    ceiling=Decimal(40),
    base_price=Decimal(30),
    max_step=Decimal(2),
    step_kind=StepKind.AMOUNT,
    min_interval=timedelta(days=1),
    rounding=Rounding(Decimal(1)),
    plan=SalesPlan(EVEN),
    weights=Weights(sold=Fraction(1), pace=Fraction(0), waitlist=Fraction(0)),
)


def day(number):
    return OPENED + timedelta(days=number)


def sold(number, seats, *, until=None, price=30):
    return Sale(day(number), until, seats, Decimal(price))


def timeline(*sales, days=10, until=None, **more):
    given = {"held": [], "waiting": [], "prices": [(OPENED, Decimal(30))], **more}
    return Timeline(
        sales_open_at=OPENED,
        sales_close_at=day(days),
        until=until or day(days),
        capacity=100,
        sales=sales,
        **given,
    )


def test_replay_counts_the_same_seats_at_the_rules_prices():
    """Half of the seats are sold on the first day: the price rises a step a day, to the ceiling."""
    found = replay(RULE, timeline(sold(0.1, 50), sold(2.1, 10), sold(3.5, 5, price=0)))

    assert [(change.new, change.at) for change in found.changes[:3]] == [
        (Decimal(32), day(0.1)),
        (Decimal(34), day(1.1)),
        (Decimal(36), day(2.1)),
    ]
    assert found.changes[0].reason == "50% sold, 9 days left: demand is ahead of plan"
    assert all(20 <= point.price <= 40 for point in found.points)
    # Booked at the moment of a change: at the new price. Free seats stay free.
    assert found.last.seats == 65
    assert found.last.revenue == 50 * 32 + 10 * 36
    assert found.last.revenue_was == found.revenue_at_start_price == 60 * 30
    assert (found.last.planned, found.points[0].planned) == (100, 0)


def test_replay_takes_back_what_returned_seats_cost():
    given = timeline(sold(1, 40, until=day(2)), sold(3, 10, until=day(30)))

    found = replay(RULE, given)

    assert found.last.seats == 10
    assert found.last.revenue_was == 300
    price = next(point.price for point in found.points if point.at == day(3))
    assert found.last.revenue == 10 * price
    assert found.points[80].revenue == 0 < found.points[79].revenue


def test_replay_looks_at_held_seats_and_at_the_waitlist():
    waiting = replace(RULE, weights=Weights(Fraction(0), Fraction(0), Fraction(1)))
    calm = timeline(sold(0.5, 1))

    assert replay(waiting, calm).changes == []
    queue = replay(waiting, replace(calm, waiting=[Span(day(2), day(3), 20)]))
    assert [change.new for change in queue.changes][:2] == [32, 30]
    held = replay(RULE, replace(calm, held=[Span(OPENED, None, 90)]))
    assert held.changes[0].new == 32


def test_replay_of_a_past_shows_the_prices_as_they_were():
    prices = [(OPENED, Decimal(30)), (day(5), Decimal(25))]

    found = replay(RULE, timeline(sold(6, 2, price=25), prices=prices, until=day(7)))

    assert found.points[0].price_was == 30
    assert (found.last.price_was, found.last.at) == (25, day(7))
    assert found.last.revenue_was == 50


def test_replay_of_long_sales_takes_a_bounded_number_of_moments():
    """What could have happened since the last moment is made up for: steps of five minutes."""
    hasty = replace(RULE, min_interval=timedelta(minutes=5))

    found = replay(hasty, timeline(sold(0.5, 99), days=400))

    assert len(found.points) == MOMENTS + 1
    assert [change.new for change in found.changes][:1] == [40]


def test_replay_of_sales_that_have_just_begun():
    found = replay(RULE, timeline(until=OPENED))

    assert (len(found.points), found.changes, found.last.revenue) == (1, [], 0)
