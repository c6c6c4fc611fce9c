"""Forms of the line. They parse; what makes sense, the operations decide."""

from typing import Any

from bookings.forms import GuestFields, IdempotentForm, QuantityField, QuantityForm


class JoinForm(GuestFields, IdempotentForm, QuantityForm):
    """Joining: how many, with how few one would do, and for guests who."""

    def __init__(self, *args: Any, most: int, is_guest: bool, **kwargs: Any) -> None:
        """Make the form; is_guest: ask for name and address."""
        super().__init__(*args, most=most, **kwargs)
        self.fields["min_quantity"] = QuantityField(
            most=most,
            required=False,
            label="How few would do?",
            help_text="Leave it empty if you need all of them.",
        )
        self.fields["quantity"].help_text = "You are offered as many as come back, up to these."
        if not is_guest:
            del self.fields["name"], self.fields["email"]
