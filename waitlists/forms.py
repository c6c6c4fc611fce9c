"""The form for joining a waitlist. It only parses; the operations validate."""

from typing import Any

from bookings.forms import GuestFields, IdempotentForm, QuantityField, QuantityForm


class JoinForm(GuestFields, IdempotentForm, QuantityForm):
    def __init__(self, *args: Any, most: int, is_guest: bool, **kwargs: Any) -> None:
        """most: seats allowed per booking. is_guest: also ask for name and email address."""
        super().__init__(*args, most=most, **kwargs)
        self.fields["min_quantity"] = QuantityField(
            most=most,
            required=False,
            label="Minimum number of seats",
            help_text="Leave empty if you need all of them.",
        )
        self.fields["quantity"].help_text = "You will be offered up to this many."
        if not is_guest:
            del self.fields["name"], self.fields["email"]
