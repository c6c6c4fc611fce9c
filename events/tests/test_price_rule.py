"""The price rule's promises, for any settings and any demand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from events.pricing.defaults import rounding_for
from events.pricing.plan import BOTH_ENDS, EARLY, EVEN, LATE, SalesPlan, plan_of_sales
from events.pricing.reasons import reason
from events.pricing.rule import (
    Demand,
    Pressure,
    Rounding,
    RuleSettings,
    StepKind,
    Weights,
    next_price,
    pressure,
)
from events.pricing.thresholds import next_threshold

OPENED = datetime(2026, 3, 1, 9, tzinfo=UTC)
amounts = st.decimals("0.01", "500", places=2)
shares = st.fractions(0, 1, max_denominator=100)
plans = st.one_of(
    st.sampled_from([EVEN, LATE, EARLY, BOTH_ENDS]),
    st.lists(st.integers(0, 100), min_size=9, max_size=9).map(
        lambda found: (0, *sorted(found), 100)
    ),
).map(SalesPlan)


@st.composite
def settings(draw: st.DrawFn) -> RuleSettings:
    floor, base, ceiling = sorted(draw(st.tuples(amounts, amounts, amounts)))
    unit = draw(st.sampled_from(["0.01", "0.05", "0.50", "1", "5", "10"]).map(Decimal))
    ending = draw(st.sampled_from(["0", "0.90", "0.99"]).map(Decimal))
    return RuleSettings(
        floor=floor,
        ceiling=ceiling,
        base_price=base,
        max_step=draw(amounts),
        step_kind=draw(st.sampled_from(StepKind)),
        min_interval=timedelta(minutes=draw(st.integers(5, 10_000))),
        rounding=Rounding(unit, ending if unit > ending else Decimal(0)),
        plan=draw(plans),
        weights=Weights(*draw(st.tuples(shares, shares, shares))),
        expected_share=draw(st.fractions("0.05", 1, max_denominator=100)),
    )


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    capacity = draw(st.integers(1, 5000))
    length = draw(st.integers(1, 400 * 24 * 60))
    return Demand(
        at=OPENED + timedelta(minutes=draw(st.integers(0, length + 100))),
        sales_open_at=OPENED,
        sales_close_at=OPENED + timedelta(minutes=length),
        capacity=capacity,
        taken=draw(st.integers(0, capacity)),
        sold_last_day=draw(st.integers(0, capacity)),
        sold_last_week=draw(st.integers(0, capacity)),
        waiting_seats=draw(st.integers(0, 2000)),
    )


def price_in(rule: RuleSettings, part: Fraction) -> Decimal:
    cents = int(int((rule.ceiling - rule.floor) * 100) * part)
    return rule.floor + Decimal(cents) / 100


def after(rule: RuleSettings, demand: Demand, price: Decimal) -> Decimal:
    return next_price(rule, price=price, total=pressure(rule, demand).total)


@given(settings(), demands(), shares)
def test_a_price_stays_within_bounds_and_step(
    rule: RuleSettings, demand: Demand, part: Fraction
) -> None:
    price = price_in(rule, part)

    moved = after(rule, demand, price)

    assert rule.floor <= moved <= rule.ceiling
    assert abs(moved - price) <= rule.largest_step(price)


@given(settings(), demands(), shares)
def test_a_price_that_moves_is_rounded(rule: RuleSettings, demand: Demand, part: Fraction) -> None:
    price = price_in(rule, part)

    moved = after(rule, demand, price)

    assume(moved != price)
    assert (moved - rule.rounding.ending) % rule.rounding.unit == 0


@given(settings(), demands(), shares, st.integers(1, 500), st.integers(0, 3))
def test_more_demand_never_lowers_the_price(
    rule: RuleSettings, demand: Demand, part: Fraction, more: int, kind: int
) -> None:
    stronger = (
        replace(demand, taken=min(demand.taken + more, demand.capacity)),
        replace(demand, sold_last_day=demand.sold_last_day + more),
        replace(demand, sold_last_week=demand.sold_last_week + more),
        replace(demand, waiting_seats=demand.waiting_seats + more),
    )[kind]
    price = price_in(rule, part)

    assert after(rule, stronger, price) >= after(rule, demand, price)


@given(settings(), demands(), shares)
def test_the_same_inputs_give_the_same_price(
    rule: RuleSettings, demand: Demand, part: Fraction
) -> None:
    price = price_in(rule, part)

    assert after(rule, demand, price) == after(replace(rule), replace(demand), price)


@given(settings(), demands())
def test_under_the_same_demand_the_price_arrives_and_stays(
    rule: RuleSettings, demand: Demand
) -> None:
    """It never swings: each step leads the same way."""
    prices = [rule.base_price]
    for _ in range(30):
        prices.append(after(rule, demand, prices[-1]))

    assert prices == sorted(prices) or prices == sorted(prices, reverse=True)


def test_sales_that_follow_the_plan_leave_the_base_price() -> None:
    rule = example()
    on_plan = Demand(
        at=OPENED + timedelta(days=50),
        sales_open_at=OPENED,
        sales_close_at=OPENED + timedelta(days=100),
        capacity=1000,
        taken=500,
        sold_last_day=10,
        sold_last_week=70,
    )

    assert pressure(rule, on_plan).total == 0
    assert after(rule, on_plan, Decimal("30.00")) == Decimal("30.00")
    assert after(rule, replace(on_plan, taken=700, sold_last_day=40), Decimal("30.00")) == Decimal(
        "32.00"
    )
    assert after(rule, replace(on_plan, taken=300, sold_last_week=0), Decimal("30.00")) == Decimal(
        "28.00"
    )


def test_one_booking_more_or_less_in_a_day_moves_no_price() -> None:
    """Of 60 seats in 90 days, two are sold in three days."""
    rule = replace(example(), rounding=Rounding(Decimal("1.00")))
    small = Demand(
        at=OPENED + timedelta(days=45),
        sales_open_at=OPENED,
        sales_close_at=OPENED + timedelta(days=90),
        capacity=60,
        taken=30,
        sold_last_week=5,
    )

    for day in (0, 1, 2):
        assert after(rule, replace(small, sold_last_day=day), Decimal("30.00")) == Decimal("30.00")


def test_a_new_rule_rounds_to_at_most_a_twentieth_of_the_price() -> None:
    units = {
        "30.00": "1",
        "45.00": "2",
        "12.00": "0.50",
        "100.00": "5",
        "0.10": "0.01",
        "0": "0.01",
    }
    for price, unit in units.items():
        found, ending = rounding_for(Decimal(price), 2)
        assert (found, ending, found.as_tuple().exponent) == (Decimal(unit), 0, -2)
    assert rounding_for(Decimal(3000), 0) == (100, 0)
    assert rounding_for(Decimal(12), 0) == (1, 0)


def test_a_plan_made_of_sales_gives_them_again() -> None:
    times = [Fraction(tenth, 10) for tenth in (1, 1, 2, 5, 9, 9, 9, 10)]

    plan = plan_of_sales(times)

    assert plan == SalesPlan((0, 25, 37, 37, 37, 50, 50, 50, 50, 87, 100))
    assert plan.share(Fraction(3, 20)) == Fraction(31, 100)
    assert plan_of_sales([]) is None


def example() -> RuleSettings:
    return RuleSettings(
        floor=Decimal("20.00"),
        ceiling=Decimal("40.00"),
        base_price=Decimal("30.00"),
        max_step=Decimal("2.00"),
        step_kind=StepKind.AMOUNT,
        min_interval=timedelta(hours=6),
        rounding=Rounding(Decimal("0.50")),
        plan=SalesPlan(EVEN),
    )


@given(settings(), demands(), shares)
def test_the_next_threshold_is_the_first_number_of_seats_that_raises_the_price(
    rule: RuleSettings, demand: Demand, part: Fraction
) -> None:
    price = price_in(rule, part)

    def after_more(seats: int) -> Decimal:
        more = {
            name: getattr(demand, name) + seats
            for name in ("taken", "sold_last_day", "sold_last_week")
        }
        return after(rule, replace(demand, **more), price)

    found = next_threshold(rule, demand, price=price)

    left = demand.capacity - demand.taken
    if found is None:
        assert after_more(left) <= price
    else:
        assert 0 <= found.seats <= left
        assert after_more(found.seats) == found.price > price
        assert found.seats == 0 or after_more(found.seats - 1) <= price


def test_a_reason_states_what_was_looked_at() -> None:
    demand = Demand(
        at=OPENED,
        sales_open_at=OPENED,
        sales_close_at=OPENED + timedelta(days=9, hours=2),
        capacity=50,
        taken=41,
        waiting_seats=14,
    )
    ahead = Pressure(Fraction(1, 2), Fraction(0), Fraction(0))
    behind = Pressure(-Fraction(1, 2), Fraction(0), Fraction(0))
    low, high = Decimal(20), Decimal(22)

    assert reason(demand, ahead, old=low, new=high) == (
        "82% sold, 14 seats waited for, 9 days left: demand is ahead of plan"
    )
    nobody = replace(demand, waiting_seats=0)
    assert reason(nobody, behind, old=high, new=low).endswith(
        "82% sold, 9 days left: demand is behind plan"
    )
    assert "catching up" in reason(nobody, behind, old=low, new=high)
    assert "no longer so far ahead" in reason(nobody, ahead, old=high, new=low)
    for taken, share in ((0, "0%"), (1, "1%"), (997, "99%"), (1000, "100%")):
        of_thousand = replace(demand, capacity=1000, taken=taken)
        assert reason(of_thousand, ahead, old=low, new=high).startswith(f"{share} sold")
