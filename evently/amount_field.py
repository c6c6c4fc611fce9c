"""The form field of an amount of money."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from evently.currencies import MOST_DECIMALS, AmountUnclear, in_decimals, read_amount
from evently.database.money import DIGIT_MESSAGES, MOST_DIGITS


class AmountField(forms.DecimalField):
    """A typed amount, with a point or a comma before its decimals; "1,000" is asked about.

    currency: set by the form where it is known.
    """

    currency: str | None = None
    widget = forms.TextInput
    default_error_messages = DIGIT_MESSAGES

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal"}))
        super().__init__(max_digits=MOST_DIGITS, decimal_places=MOST_DECIMALS, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show an amount with the decimals of its currency, not with those of the database."""
        if isinstance(value, Decimal) and value.is_finite() and self.currency:
            return f"{in_decimals(value, self.currency):f}"
        return value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.strip():
            try:
                value = read_amount(value.strip(), self.currency)
            except AmountUnclear as unclear:
                raise ValidationError(str(unclear), code="invalid") from unclear
        return super().to_python(value)
