"""The column of an amount of money."""

from decimal import Decimal
from typing import Any

from django.db import models

from evently.currencies import MOST_DECIMALS

MOST_DIGITS = 12
# Prices and payments are less: MOST_DIGITS, of which MOST_DECIMALS are decimals.
AMOUNT_LIMIT = Decimal("100000000")
TOO_LARGE = f"Enter an amount below {AMOUNT_LIMIT:,.0f}."
# What forms and the API say instead of counting digits, by the codes of Django's validator.
DIGIT_MESSAGES: dict[str, Any] = {
    # Too large, or too many decimals.
    "max_digits": f"{TOO_LARGE[:-1]}, with at most {MOST_DECIMALS} decimals.",
    "max_whole_digits": TOO_LARGE,
    "max_decimal_places": f"Enter at most {MOST_DECIMALS} decimals.",
}


class MoneyField(models.DecimalField):
    """An exact amount, with as many decimals as its currency has.

    The column has no scale of its own: KWD has three decimals and JPY none. Constraints and
    triggers keep amounts within bounds, and prices to the decimals of their currency.
    """

    default_error_messages = DIGIT_MESSAGES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", MOST_DIGITS)
        kwargs.setdefault("decimal_places", MOST_DECIMALS)
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str:
        return "numeric"
