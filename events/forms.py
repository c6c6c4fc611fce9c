"""The search form of the home page."""

from typing import Any

from django import forms

from evently.amount_field import AmountField
from events.queries import WHEN
from events.search.phrases import LONGEST_SEARCH


class DayInput(forms.DateInput):
    input_type = "date"


class FinderForm(forms.Form):
    search = forms.CharField(required=False, max_length=LONGEST_SEARCH)
    date_from = forms.DateField(label="From", required=False, widget=DayInput())
    date_to = forms.DateField(label="Until", required=False, widget=DayInput())
    min_price = AmountField(label="Price from", required=False, min_value=0)
    max_price = AmountField(label="Price up to", required=False, min_value=0)
    available = forms.BooleanField(label="Only with seats left", required=False)
    when = forms.ChoiceField(
        required=False, choices=[(name, name) for name in WHEN], widget=forms.HiddenInput
    )

    def clean(self) -> dict[str, Any]:
        """Refuse ranges that end before they begin."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("date_from"), cleaned.get("date_to")
        if first and last and last < first:
            self.add_error("date_to", "This must not be before the “From” date.")
        lowest, highest = cleaned.get("min_price"), cleaned.get("max_price")
        if lowest is not None and highest is not None and highest < lowest:
            self.add_error("max_price", "This must not be lower than “Price from”.")
        return cleaned

    @property
    def criteria(self) -> dict[str, Any]:
        """The valid filters that are filled in, as arguments of `find_events`."""
        self.is_valid()
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "search" and value is not None and value is not False and value != ""
        }

    @property
    def words(self) -> str:
        """The words to search for, if valid; "" for none."""
        self.is_valid()
        return str(self.cleaned_data.get("search", ""))
