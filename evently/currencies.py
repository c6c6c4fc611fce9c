"""Currencies: the codes of ISO 4217 that are in use, and how many decimals their amounts have."""

from decimal import Decimal

from iso4217 import Currency

# Precious metals, test codes and the like have no decimals, and nothing is sold in them.
EXPONENTS: dict[str, int] = {
    currency.code: currency.exponent for currency in Currency if currency.exponent is not None
}
LARGEST_EXPONENT = max(EXPONENTS.values())


def is_currency(code: str) -> bool:
    return code in EXPONENTS


def exponent_of(code: str) -> int:
    """Return the number of decimals of a currency's amounts; 2 for an unknown code."""
    return EXPONENTS.get(code, 2)


def in_decimals(amount: Decimal, code: str) -> Decimal:
    """Return an amount with all decimals of its currency, and more only where they are not 0."""
    exact = amount.quantize(Decimal(1).scaleb(-exponent_of(code)))
    return exact if exact == amount else amount.normalize()


def fits(amount: Decimal, code: str) -> bool:
    """Tell whether an amount can be paid in a currency."""
    return in_decimals(amount, code).as_tuple().exponent >= -exponent_of(code)  # type: ignore[operator]
