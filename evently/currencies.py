"""Currencies: the codes of ISO 4217, the decimals of their amounts, and amounts as typed."""

import re
from decimal import Decimal, InvalidOperation

from iso4217 import Currency

# Precious metals, test codes and the like have no decimals, and nothing is sold in them.
EXPONENTS: dict[str, int] = {
    currency.code: currency.exponent for currency in Currency if currency.exponent is not None
}
MOST_DECIMALS = max(EXPONENTS.values())
DEFAULT_EXPONENT = 2

SPACES = dict.fromkeys(map(ord, " \u00a0\u202f'’"))
# "1,000" and "1.000": thousands for one reader, three decimals for another.
EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
# Groups of three digits, then the decimals: "1,280.50", "1.280,50", "1,000,000".
GROUPED = re.compile(
    r"(?P<whole>\d{1,3}(?P<group>[.,])\d{3}(?:(?P=group)\d{3})*)"
    r"(?:(?!(?P=group))[.,](?P<rest>\d+))?"
)
PLAIN = re.compile(r"[+-]?\d*(?:[.,]\d*)?")


class AmountUnclear(ValueError):
    """A typed amount can be read in two ways, or in none; its text says what to type."""


def is_currency(code: str) -> bool:
    return code in EXPONENTS


def exponent_of(code: str) -> int:
    """Return the number of decimals of a currency's amounts; 2 for an unknown code."""
    return EXPONENTS.get(code, DEFAULT_EXPONENT)


def in_decimals(amount: Decimal, code: str) -> Decimal:
    """Return an amount with all decimals of its currency, and more only where they are not 0."""
    unit = Decimal(1).scaleb(-exponent_of(code))
    return amount.quantize(unit) if fits(amount, code) else amount.normalize()


def fits(amount: Decimal, code: str) -> bool:
    """Tell whether an amount can be paid in a currency: 10.50 can in EUR, and not in JPY."""
    scaled = amount.scaleb(exponent_of(code))
    return scaled == scaled.to_integral_value()


def decimals_text(code: str) -> str:
    """Return how amounts of a currency are written, in a sentence."""
    exponent = exponent_of(code)
    if exponent == 0:
        return f"{code} has no decimals. Enter a whole amount."
    return f"{code} has {exponent} decimals. Enter no more."


def read_amount(text: str, code: str | None = None) -> Decimal:
    """Return a typed amount, with a point or a comma before its decimals.

    code: its currency, where it is known: with three decimals, "1.500" is clear.
    Raises AmountUnclear: "1,000" may be a thousand or one.
    """
    typed = text.translate(SPACES)
    if EITHER.fullmatch(typed) and not ("." in typed and code and exponent_of(code) == 3):
        digits = re.sub("[.,]", "", typed)
        small = typed.replace(",", ".").rstrip("0").rstrip(".")
        raise AmountUnclear(f"Do you mean {digits} or {small}? Enter it without “{text}”.")
    grouped = GROUPED.fullmatch(typed)
    if grouped is not None and (grouped["rest"] or grouped["whole"].count(grouped["group"]) > 1):
        whole = re.sub("[.,]", "", grouped["whole"])
        return Decimal(f"{whole}.{grouped['rest'] or 0}")
    if PLAIN.fullmatch(typed) and any(character.isdigit() for character in typed):
        try:
            return Decimal(typed.replace(",", "."))
        except InvalidOperation:
            pass
    raise AmountUnclear("Enter an amount such as 12.50.")
