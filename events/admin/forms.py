"""The form of an event: times in its own time zone, and nothing lost when two people edit.

Each field carries what its editor saw (Django's hidden initial values), so that saving writes
only what they touched; `version` tells whether somebody else saved since.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.datastructures import MultiValueDict
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from evently.database.clock import now
from evently.errors import DomainError, Invalid
from events.models import Event, PaymentMode
from events.operations import EDITABLE, CapacityInUse, EditedMeanwhile
from events.operations.checking import check_event, known_timezones

MOMENTS = ("event_date", "ends_at", "sales_start_at", "sales_end_at", "cancellation_deadline")
WALL_CLOCK = "%Y-%m-%dT%H:%M"
LATEST_YEAR = 2199
CURRENCY = re.compile(r"[A-Z]{3}")
LONGEST_WINDOW_MINUTES = 7 * 24 * 60
# Transfer comes once it can be booked.
PAYMENT_CHOICES = [(mode.value, mode.label) for mode in (PaymentMode.DOOR, PaymentMode.FREE)]
SAVE_AGAIN = "Check what is below; saving again keeps yours where both of you changed something."


def time_zones() -> list[str]:
    """Return the names to choose from; the browser completes what is typed."""
    return sorted(name for name in known_timezones() if "/" in name or name == "UTC")


@cache
def time_zones_by_spelling() -> dict[str, str]:
    """Return the names by their small letters."""
    return {name.casefold(): name for name in known_timezones()}


class WallClockInput(forms.DateTimeInput):
    """A date and time as the clocks at the event show them, picked with the browser's own."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        attrs = {"class": " ".join([*INPUT_CLASSES, "max-w-2xl"]), **(attrs or {})}
        super().__init__(attrs=attrs, format=WALL_CLOCK)


class WallClockField(forms.DateTimeField):
    """A date and time without a time zone; the form adds the event's."""

    widget = WallClockInput
    hidden_widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=[WALL_CLOCK, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **kwargs
        )

    def to_python(self, value: Any) -> datetime | None:
        """Return the wall clock's time as it was typed."""
        moment = super().to_python(value)
        if moment is None:
            return None
        if moment.year > LATEST_YEAR:
            raise forms.ValidationError(f"Give a year up to {LATEST_YEAR}.")
        return moment.replace(tzinfo=None)

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows."""
        return value.strftime(WALL_CLOCK) if isinstance(value, datetime) else value


class EventForm(forms.ModelForm):
    """What an organizer may say of an event. `refusal`: why saving it was refused just now."""

    refusal: DomainError | None = None

    event_date = WallClockField(label="Starts", help_text="By the clocks at the event.")
    ends_at = WallClockField(label="Ends", required=False)
    sales_start_at = WallClockField(
        label="Sales start", required=False, help_text="Empty: as soon as it is published."
    )
    sales_end_at = WallClockField(
        label="Sales end", required=False, help_text="Empty: when the event starts."
    )
    cancellation_deadline = WallClockField(
        label="Free cancellation until",
        required=False,
        help_text="Empty: until the start, or 48 hours before it where a seat has a price.",
    )
    timezone = forms.CharField(
        label="Time zone",
        initial="UTC",
        widget=UnfoldAdminTextInputWidget(attrs={"list": "time-zones", "autocomplete": "off"}),
        help_text="Of the place, like Europe/Berlin. All times here are meant in it.",
    )
    payment_mode = forms.ChoiceField(
        label="Paid",
        choices=PAYMENT_CHOICES,
        initial=PaymentMode.DOOR,
        widget=UnfoldAdminSelectWidget,
    )
    current_price = forms.DecimalField(
        label="Price now",
        required=False,
        max_digits=10,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="What a seat costs today. Empty: the base price.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        """Fields in the order of the page."""

        model = Event
        fields = sorted(EDITABLE)
        labels = {
            "total_capacity": "Seats",
            "max_per_booking": "Seats per booking",
            "max_per_person": "Seats per person",
            "promotion_window_minutes": "Minutes to claim an offer",
        }
        help_texts = {
            "max_per_booking": "1 to 10.",
            "max_per_person": "Bookings, offers and places in line together. Empty: no limit.",
            "promotion_window_minutes": (
                "How long freed seats are kept for the next in line. Empty: a twentieth of the "
                "time left, between 15 minutes and a day. Nights do not count."
            ),
            "refund_policy": "Shown before booking and before cancelling.",
            "currency": "Three letters, like EUR.",
        }
        widgets = {
            "refund_policy": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
            "payment_instructions": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def __init__(
        self,
        data: MultiValueDict[str, Any] | None = None,
        files: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, files, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = self.instance_exists
        self.fields["version"].show_hidden_initial = False
        if self.instance_exists:
            self.initial["version"] = self.instance.version
            for name in MOMENTS:
                self.initial[name] = _on_the_wall(getattr(self.instance, name), self.instance)
        self.theirs: dict[str, str] = {}
        if isinstance(self.refusal, EditedMeanwhile) and data is not None:
            self._take_in_their_changes(data)

    @property
    def instance_exists(self) -> bool:
        """Whether an event is changed, not made."""
        return not self.instance._state.adding

    @property
    def changes(self) -> dict[str, Any]:
        """What its editor touched; all times, where the time zone moved beneath them."""
        touched = {name for name in self.changed_data if name in EDITABLE}
        if "timezone" in touched:
            touched |= set(MOMENTS)
        return {name: self.cleaned_data[name] for name in touched}

    def clean(self) -> dict[str, Any]:
        """Give times their time zone, and tell why saving was refused."""
        cleaned = super().clean() or self.cleaned_data
        name = cleaned.get("timezone", "")
        if name not in known_timezones():
            self.add_error("timezone", "Name a time zone like Europe/Berlin.")
            name = "UTC"
        for moment in MOMENTS:
            if cleaned.get(moment) is not None:
                cleaned[moment] = cleaned[moment].replace(tzinfo=ZoneInfo(name))
        if cleaned.get("current_price") is None:
            cleaned["current_price"] = cleaned.get("base_price")
        if self.refusal is not None:
            self._tell(self.refusal)
        return cleaned

    def clean_timezone(self) -> str:
        """Take a time zone however its letters and its gap are typed."""
        name = str(self.cleaned_data["timezone"]).strip()
        return time_zones_by_spelling().get(name.replace(" ", "_").casefold(), name)

    def clean_currency(self) -> str:
        """Write currencies in capitals."""
        currency = str(self.cleaned_data["currency"]).upper()
        if not CURRENCY.fullmatch(currency):
            raise forms.ValidationError("Give the three letters of a currency, like EUR.")
        return currency

    def clean_promotion_window_minutes(self) -> int | None:
        """Refuse what nobody could claim in, or would wait for."""
        minutes: int | None = self.cleaned_data["promotion_window_minutes"]
        if minutes is not None and not 1 <= minutes <= LONGEST_WINDOW_MINUTES:
            raise forms.ValidationError("Give 1 to 10,080 minutes (a week), or leave it empty.")
        return minutes

    def _post_clean(self) -> None:
        """Leave the event as it is stored: the operation changes it, and says in sentences why not.

        Django would check the constraints here, and tell people their names. Where something is
        wrong already, what the operation would say is told beside it, so that nobody mends one
        half to be told of the other.
        """
        if not self.errors or self.refusal is not None:
            return
        given = {name: value for name, value in self.cleaned_data.items() if name in EDITABLE}
        try:
            check_event(Event(**given), at=now(), date_moved="event_date" in self.changed_data)
        except Invalid as refusal:
            for name, sentence in refusal.fields.items():
                if given.get(name) not in (None, ""):
                    self.add_error(name, sentence)

    def _tell(self, refusal: DomainError) -> None:
        """Put a refusal where it belongs."""
        sentences: Mapping[str, str] = refusal.fields if isinstance(refusal, Invalid) else {}
        if isinstance(refusal, CapacityInUse):
            taken = self.instance.total_capacity - self.instance.available_seats
            sentence = f"Give at least {taken:,}: so many seats are booked or held."
            sentences = {"total_capacity": f"{sentence} To go below, cancel bookings first."}
        if isinstance(refusal, EditedMeanwhile):
            self.add_error(None, f"Somebody else changed this event meanwhile. {SAVE_AGAIN}")
            sentences = self.theirs
        elif not sentences:
            self.add_error(None, refusal.text)
        for name, sentence in sentences.items():
            self.add_error(name if name in self.fields else None, sentence)

    def _take_in_their_changes(self, data: MultiValueDict[str, Any]) -> None:
        """Go on from what is stored now: their values where its editor touched nothing.

        Where both changed a field, the editor's stays in it, with theirs told beside.
        """
        merged = data.copy()
        stored = EventForm(instance=self.instance)
        for name in self.fields:
            if name not in EDITABLE:
                continue
            now, seen, mine = (
                _text(stored[name].field.prepare_value(stored[name].initial)),
                _text(data.get(self.add_initial_prefix(name))),
                _text(data.get(self.add_prefix(name))),
            )
            merged[self.add_initial_prefix(name)] = now
            if now in (seen, mine):
                continue
            if mine == seen:
                merged[self.add_prefix(name)] = now
                self.theirs[name] = f"They changed this from “{_short(seen)}”."
            else:
                self.theirs[name] = f"Theirs: “{_short(now)}”. Yours is in the field."
        merged[self.add_prefix("version")] = str(self.instance.version)
        self.data = merged


def _on_the_wall(moment: datetime | None, event: Event) -> datetime | None:
    return moment.astimezone(event.zone).replace(tzinfo=None) if moment is not None else None


def _text(value: Any) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def _short(text: str) -> str:
    text = text.replace("T", " ") if len(text) == 16 and text[10] == "T" else text
    if not text:
        return "(empty)"
    return text if len(text) <= 120 else f"{text[:119]}…"
