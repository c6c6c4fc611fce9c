"""The form for joining a waitlist. It only parses; the operations validate."""

from typing import Any

from django import forms

from bookings.forms import (
    NOT_RESTORED,
    GuestFields,
    IdempotentForm,
    QuantityField,
    QuantityForm,
    ShownPriceForm,
)
from evently.formatting import seats
from evently.time_zones import known_timezones


class MinQuantityForm(forms.Form):
    """The fewest seats that an entry accepts, to be lowered."""

    min_quantity = forms.TypedChoiceField(label="I need at least", coerce=int)

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        """most: one less than the entry accepts now, and no more than the event has."""
        super().__init__(*args, **kwargs)
        choices = [(number, seats(number)) for number in range(most, 0, -1)]
        self.fields["min_quantity"].choices = choices  # type: ignore[attr-defined]


class ClaimForm(IdempotentForm):
    """How many seats of an offer to claim; by default all of them."""

    quantity = forms.IntegerField(required=False)


class JoinForm(GuestFields, ShownPriceForm, IdempotentForm, QuantityForm):
    # A script fills it with the browser's (static/js/page.js).
    timezone = forms.CharField(
        required=False,
        widget=forms.HiddenInput(attrs={"data-time-zone": "", **NOT_RESTORED}),
    )

    def __init__(self, *args: Any, most: int, is_guest: bool, **kwargs: Any) -> None:
        """most: seats allowed per place. is_guest: also ask for name and email address."""
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

    def clean_timezone(self) -> str:
        """Ignore a name that is not known: the person did not enter it."""
        name: str = self.cleaned_data["timezone"]
        return name if name in known_timezones() else ""
