"""Warnings about settings with which a price rule can never act."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from events.pricing.plan import EVEN, SalesPlan
from events.pricing.rule import Rounding, RuleSettings, StepKind, Weights
from events.pricing.warnings import Circumstances, warnings_of

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOW = Circumstances(
    at=AT,
    sales_close_at=AT + timedelta(days=10),
    currency="EUR",
    capacity=100,
)
RULE = RuleSettings(
    floor=Decimal(20),
    ceiling=Decimal(40),
    base_price=Decimal(30),
    max_step=Decimal(2),
    step_kind=StepKind.AMOUNT,
    min_interval=timedelta(days=1),
    rounding=Rounding(Decimal("0.50")),
    plan=SalesPlan(EVEN),
)
PERCENT = {"step_kind": StepKind.PERCENT}


def codes(now=NOW, **changes):
    return [warning.code for warning in warnings_of(replace(RULE, **changes), now)]


def test_sensible_settings_have_no_warnings():
    assert codes() == []
    # A price that only ever rises is a decision, and so is a step that just fits.
    assert codes(floor=Decimal(30)) == []
    assert codes(max_step=Decimal(20)) == []
    assert codes(max_step=Decimal("0.50")) == []
    assert codes(max_step=Decimal("2.5"), **PERCENT) == []


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"ceiling": Decimal(20), "base_price": Decimal(20)}, "bounds_equal", "never moves"),
        ({"base_price": Decimal(15)}, "base_price_outside", "stays at €20.00 unless"),
        ({"base_price": Decimal(45)}, "base_price_outside", "stays at €40.00 unless"),
        ({"max_step": Decimal("20.50")}, "step_over_range", "range of €20.00"),
        ({"max_step": Decimal("0.40")}, "step_below_rounding", "step of €0.40 is smaller"),
        ({"max_step": Decimal(1), **PERCENT}, "step_below_rounding", "step of 1% is smaller"),
        ({"max_step": Decimal(2), **PERCENT}, "stuck_at_floor", "does not rise again"),
        ({"rounding": Rounding(Decimal(100))}, "no_rounded_price", "€20.00 and €40.00"),
        ({"rounding": Rounding(Decimal(25))}, "one_rounded_price", "€25.00 is the only"),
        ({"weights": Weights(*[Fraction(0)] * 3)}, "no_weight", "base price of €30.00"),
        ({"min_interval": timedelta(days=11)}, "interval_over_time_left", "in 10 days, sooner"),
        ({"expected_share": Fraction(1, 10)}, "expected_exceeded", "more than the 10 expected"),
        (
            {"plan": SalesPlan((0, *[100] * 10))},
            "plan_without_late_sales",
            "nothing to be sold in the last tenth",
        ),
    ],
)
def test_settings_that_cannot_act_have_a_warning(changes, code, words):
    (warning,) = warnings_of(replace(RULE, **changes), replace(NOW, taken=11))

    assert (warning.code, words in warning.text) == (code, True)


def test_plan_of_an_earlier_event_needs_enough_seats():
    assert codes(replace(NOW, plan_seats=19)) == ["plan_of_few_seats"]
    assert codes(replace(NOW, plan_seats=20)) == []


def test_sales_that_are_over_have_no_time_left_to_warn_about():
    assert codes(replace(NOW, at=NOW.sales_close_at)) == []
