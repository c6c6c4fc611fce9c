"""What an organizer answers about a file: where its events take place, and how to read it."""

from pathlib import PurePath
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from evently.amount_field import AmountField
from evently.database.clock import now
from evently.time_zones import TIME_ZONE_HINT, time_zones_by_spelling
from events.admin.forms import PriceInput
from events.importing.dates import DayOrder
from events.importing.files import MOST_BYTES
from events.importing.plan import Plan
from events.importing.stored import stored_plan

ORDERS = (
    ("", "As the file shows"),
    (DayOrder.DAY_FIRST.value, "Day first: 31/12/2027"),
    (DayOrder.MONTH_FIRST.value, "Month first: 12/31/2027"),
)


def _text(**attrs: str) -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget(attrs=attrs)


class AnswersForm(forms.Form):
    """How to read a file, and what its events have in common."""

    timezone = forms.CharField(
        label="Time zone",
        widget=_text(list="time-zones", autocomplete="off"),
        required=False,
        help_text="Of times for which the file gives none, such as Europe/Berlin.",
    )
    day_order = forms.ChoiceField(
        label="Order of day and month",
        choices=ORDERS,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Of dates such as 05/06/2027.",
    )
    venue = forms.CharField(
        label="Venue",
        max_length=255,
        required=False,
        widget=_text(),
        help_text="Of events for which the file gives none.",
    )
    capacity = forms.IntegerField(label="Seats per event", initial=100, widget=_text())
    price = AmountField(label="Price per seat", initial="0.00", widget=PriceInput)
    currency = forms.CharField(label="Currency", initial="EUR", max_length=3, widget=_text())
    publish = forms.BooleanField(
        label="Publish at once",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Otherwise they are drafts.",
    )
    kept_columns = forms.MultipleChoiceField(
        label="Further columns to publish in the description",
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    def __init__(self, *args: Any, columns: list[str] | None = None, **kwargs: Any) -> None:
        """Ask; columns: those of a CSV file that are left out, which may be kept."""
        super().__init__(*args, **kwargs)
        field = self.fields["kept_columns"]
        if columns:
            field.choices = [(name, name) for name in columns]  # type: ignore[attr-defined]
        else:
            del self.fields["kept_columns"]

    def clean_timezone(self) -> str:
        typed = self.cleaned_data["timezone"].strip()
        name = time_zones_by_spelling().get(typed.casefold(), "")
        if typed and not name:
            raise forms.ValidationError(TIME_ZONE_HINT)
        return name

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    @property
    def plan(self) -> Plan:
        values = self.cleaned_data
        return Plan(
            now=now(),
            timezone=values["timezone"],
            day_order=DayOrder(values["day_order"]) if values["day_order"] else None,
            venue=values["venue"],
            capacity=values["capacity"],
            price=values["price"],
            currency=values["currency"],
            publish=values["publish"],
            kept_columns=frozenset(values.get("kept_columns", ())),
        )

    @staticmethod
    def initial_of(answers: dict[str, Any]) -> dict[str, Any]:
        """Return the answers of an import as the form's initial values."""
        return stored_plan(Plan(now=now())) | answers


class UploadForm(AnswersForm):
    """A file, with the answers."""

    file = forms.FileField(
        label="File",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.tsv,.txt,.ics,.ical"}),
        help_text=(
            "A CSV file with the columns of Google Calendar or Outlook, or an iCalendar file "
            f"(.ics), up to {MOST_BYTES // 1024 // 1024} MB."
        ),
    )
    field_order = ("file",)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it into several."
            )
        return file

    @property
    def file_name(self) -> str:
        return PurePath(self.cleaned_data["file"].name).name
