"""Currencies and typed amounts."""

from decimal import Decimal

import pytest

from evently.currencies import (
    EXPONENTS,
    AmountUnclear,
    exponent_of,
    fits,
    in_decimals,
    is_currency,
    read_amount,
)
from evently.tests.sql import run

POINT_OR_COMMA = [
    ("12,50", "12.50"),
    ("12.50", "12.50"),
    ("12,5", "12.5"),
    ("12", "12"),
    ("0,500", "0.500"),
    ("1,280.50", "1280.50"),
    ("1.280,50", "1280.50"),
    ("1 280,50", "1280.50"),
    ("1'280.50", "1280.50"),
    ("1,000,000", "1000000"),
    ("1.000.000", "1000000"),
]


def test_currencies_are_those_of_iso_4217():
    assert [
        code for code in ("EUR", "JPY", "KWD", "XQZ", "XXX", "XAU", "eur", "") if is_currency(code)
    ] == [
        "EUR",
        "JPY",
        "KWD",
    ]
    assert [exponent_of(code) for code in ("EUR", "JPY", "KWD", "CLF")] == [2, 0, 3, 4]


@pytest.mark.django_db
def test_database_knows_the_same_currencies():
    rows = run(
        "SELECT code, evently_currency_exponent(code) FROM unnest(%s::text[]) code",
        [*EXPONENTS, "XQZ", "XXX"],
    )

    assert dict(rows) == {**EXPONENTS, "XQZ": None, "XXX": None}, (
        "Write the next version of events/sql/currency_exponent, and a migration for it."
    )


@pytest.mark.parametrize(("typed", "amount"), POINT_OR_COMMA)
def test_amounts_have_a_point_or_a_comma(typed, amount):
    assert read_amount(typed) == Decimal(amount)


@pytest.mark.parametrize("typed", ["1,000", "1.000", "12,500", "999.999"])
def test_amounts_that_can_be_read_in_two_ways_are_asked_about(typed):
    with pytest.raises(AmountUnclear, match="Do you mean"):
        read_amount(typed, "EUR")


def test_three_decimals_are_clear_in_a_currency_that_has_them():
    assert read_amount("1.500", "KWD") == Decimal("1.5")
    with pytest.raises(AmountUnclear):
        read_amount("1,500", "KWD")


@pytest.mark.parametrize("typed", ["", "x", "1,2,3", "1.2.3", "NaN", "Infinity", "1e5", "--1", "."])
def test_other_texts_are_no_amounts(typed):
    with pytest.raises(AmountUnclear):
        read_amount(typed)


def test_amounts_are_shown_in_the_decimals_of_their_currency():
    assert str(in_decimals(Decimal("20"), "EUR")) == "20.00"
    assert str(in_decimals(Decimal("20.0000"), "JPY")) == "20"
    assert str(in_decimals(Decimal("1.5"), "KWD")) == "1.500"
    assert fits(Decimal("1000.00"), "JPY")
    assert not fits(Decimal("1000.50"), "JPY")
    assert not fits(Decimal("0.0001"), "KWD")
