"""Forms of booking. They parse; what makes sense, the operations decide."""

from typing import Any

from django import forms

from evently.pages import new_idempotency_key
from evently.privacy.addresses import LONGEST_ADDRESS, LONGEST_NAME


class QuantityField(forms.IntegerField):
    """A number of seats, with a minus and a plus where scripts run."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        """Tell browsers the bounds; the operation judges, so that an attempt is logged."""
        widget = forms.NumberInput(attrs={"min": 1, "max": most, "inputmode": "numeric"})
        super().__init__(widget=widget, **kwargs)


class QuantityForm(forms.Form):
    """How many seats."""

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        """Make the form; most: seats that one booking may have."""
        super().__init__(*args, **kwargs)
        self.fields["quantity"] = QuantityField(most=most, initial=1, label="Seats")


class IdempotentForm(forms.Form):
    """A form that may be sent twice and acts once."""

    idempotency_key = forms.CharField(
        required=False, max_length=100, widget=forms.HiddenInput, initial=new_idempotency_key
    )


class GuestFields(forms.Form):
    """Who somebody is who has no account, or is not logged in."""

    name = forms.CharField(
        label="Your name",
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.CharField(
        label="E-mail address",
        max_length=LONGEST_ADDRESS,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class CheckoutForm(GuestFields, IdempotentForm, QuantityForm):
    """Booking: how many, at which price seen, and for guests who."""

    quote = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    unit_price = forms.DecimalField(
        required=False, max_digits=12, decimal_places=2, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, is_guest: bool, **kwargs: Any) -> None:
        """Make the form; is_guest: ask for name and address."""
        super().__init__(*args, **kwargs)
        if not is_guest:
            del self.fields["name"], self.fields["email"]

    def with_new_idempotency_key(self) -> "CheckoutForm":
        """Let the next sending count as another booking."""
        self.data = {name: self.data[name] for name in self.data}
        self.data["idempotency_key"] = new_idempotency_key()
        return self
