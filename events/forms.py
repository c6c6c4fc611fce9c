"""The form that finds events."""

from typing import Any

from django import forms

from events.queries import LONGEST_SEARCH


class DayInput(forms.DateInput):
    """A date that browsers offer a calendar for."""

    input_type = "date"


class FinderForm(forms.Form):
    """What to look for; every field may be empty."""

    search = forms.CharField(required=False, max_length=LONGEST_SEARCH)
    date_from = forms.DateField(label="From", required=False, widget=DayInput())
    date_to = forms.DateField(label="Until", required=False, widget=DayInput())
    min_price = forms.DecimalField(
        label="Price from", required=False, min_value=0, max_digits=10, decimal_places=2
    )
    max_price = forms.DecimalField(
        label="Price up to", required=False, min_value=0, max_digits=10, decimal_places=2
    )
    available = forms.BooleanField(label="Only with seats left", required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse days and prices that stand the wrong way round."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = found.get("date_from"), found.get("date_to")
        if first and last and last < first:
            self.add_error("date_to", "This day lies before the first one.")
        lowest, highest = found.get("min_price"), found.get("max_price")
        if lowest is not None and highest is not None and highest < lowest:
            self.add_error("max_price", "This is lower than the price above.")
        return found

    @property
    def wishes(self) -> dict[str, Any]:
        """What was asked for and makes sense, as `find_events` takes it."""
        self.is_valid()
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value is not None and value is not False and value != ""
        }

    @property
    def names_filters(self) -> bool:
        """Whether more than words is asked for."""
        return any(self.data.get(name) for name in self.fields if name != "search")
