"""The column of an amount of money."""

from typing import Any

from django.db import models

from evently.currencies import MOST_DECIMALS

MOST_DIGITS = 12


class MoneyField(models.DecimalField):
    """An exact amount, with as many decimals as its currency has.

    The column has no scale of its own: KWD has three decimals and JPY none. Constraints and
    triggers keep amounts within bounds, and prices to the decimals of their currency.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", MOST_DIGITS)
        kwargs.setdefault("decimal_places", MOST_DECIMALS)
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str:
        return "numeric"
