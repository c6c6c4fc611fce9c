"""The form of an event, with times in its own time zone and optimistic locking.

Each field carries the value that the editor saw (Django's hidden initial values), so that saving
writes only what they changed; `version` shows whether another person has saved since. Validation
is the operations'; the form adds what only typed text needs.
"""

from collections.abc import Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.utils.datastructures import MultiValueDict
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from evently.amount_field import AmountField
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.local_time import AmbiguousTime, LocalTimeProblem, moment_of
from evently.time_zones import TIME_ZONE_HINT, known_timezones, time_zones_by_spelling
from events.admin.editors import last_edit_text
from events.admin.wall_clock import (
    CHOOSE,
    WallClockField,
    WallClockInput,
    split_fold,
    text_of_time,
)
from events.models import Event, PassRule, PaymentMode
from events.operations import EDITABLE, CapacityInUse, EditedMeanwhile
from events.operations.editing import LONGEST_REASON, checked_reason
from events.operations.validation import PRICES, TIME_FIELDS, check_event


class PriceInput(UnfoldAdminTextInputWidget):
    """A text input: browsers drop "12,50" from one for numbers without a word."""

    def __init__(self) -> None:
        super().__init__(attrs={"inputmode": "decimal"})


# The venue of an event whose form left it empty.
VENUE_UNKNOWN = "To be announced"
# Transfer is not offered until it can be booked.
PAYMENT_CHOICES = [(mode.value, mode.label) for mode in (PaymentMode.DOOR, PaymentMode.FREE)]
SAVE_AGAIN = "Check the fields below. Save again to keep your value where you both changed a field."


class PassRuleField(forms.TypedChoiceField):
    """How often a waitlist entry can be passed. The choice without a limit stands for None."""

    NO_LIMIT = "off"

    def __init__(self, **kwargs: Any) -> None:
        choices = [
            (
                str(PassRule.BOUNDED.value),
                "Let a group be passed up to 3 times, then keep seats for it",
            ),
            (str(PassRule.STRICT.value), "Keep strict order"),
            (self.NO_LIMIT, "No limit"),
        ]
        super().__init__(
            choices=choices,
            coerce=lambda value: None if value == self.NO_LIMIT else int(value),
            empty_value=PassRule.BOUNDED.value,  # type: ignore[arg-type]
            initial=PassRule.BOUNDED.value,
            widget=UnfoldAdminSelectWidget,
            required=False,
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return self.NO_LIMIT if value is None else value


class EventForm(forms.ModelForm):
    """What an organizer can edit of an event.

    refusal: why the operation refused to save this submission, if it did. reopened: whether it is
    only shown again, as it was filled in. The view sets both.
    """

    refusal: DomainError | None = None
    reopened = False

    event_date = WallClockField(label="Starts", help_text="Local time at the venue.")
    ends_at = WallClockField(label="Ends", required=False)
    sales_start_at = WallClockField(
        label="Sales start", required=False, help_text="Leave empty to open sales on publishing."
    )
    sales_end_at = WallClockField(
        label="Sales end", required=False, help_text="Leave empty to sell until the event starts."
    )
    cancellation_deadline = WallClockField(
        label="Cancellation deadline",
        required=False,
        help_text=(
            "Leave empty to allow cancelling until the start (with a price: until 48 hours before)."
        ),
    )
    timezone = forms.CharField(
        label="Time zone",
        initial="UTC",
        widget=UnfoldAdminTextInputWidget(attrs={"list": "time-zones", "autocomplete": "off"}),
        help_text="Of the venue, such as Europe/Berlin. All times on this page are in it.",
    )
    payment_mode = forms.ChoiceField(
        label="Payment",
        choices=PAYMENT_CHOICES,
        initial=PaymentMode.DOOR,
        widget=UnfoldAdminSelectWidget,
    )
    max_passes = PassRuleField(
        label="Groups that need more seats than are free",
        help_text=(
            "Strict order keeps a seat that comes back until the first group fits. Otherwise the "
            "seat is offered to the next who fits, or sold: without a limit, or 3 times before "
            "seats are kept for the group, until 24 hours before the end. You can change this "
            "while people wait; their pages and the public record show the change."
        ),
    )
    base_price = AmountField(label="Base price", initial="0.00", widget=PriceInput)
    current_price = AmountField(
        label="Current price",
        required=False,
        widget=PriceInput,
        help_text="What a seat costs now. Leave empty for the base price.",
    )
    price_reason = forms.CharField(
        label="Reason for a new price",
        required=False,
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="Attendees see it in the price history.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Event
        fields = sorted(EDITABLE)
        labels = {
            "total_capacity": "Seats",
            "max_per_booking": "Seats per booking",
            "max_per_person": "Seats per person",
            "max_per_place": "Seats per place on the waitlist",
            "waitlist_until_start": "Go on offering seats until the start",
            "promotion_window_minutes": "Minutes to claim an offer",
            "ask_days_before": "Days before the start",
            "unanswered_policy": "Attendees who do not answer",
            "reminder_hours": "Hours before the start",
            "sends_thanks": "Thank attendees after the event",
            "is_online": "This is an online event",
            "contact_email": "Contact email address",
            "contact_url": "Contact link",
            "shows_organizer_email": "Show my own email address",
        }
        help_texts = {
            "venue": f"Leave empty if it is not known yet: shown as “{VENUE_UNKNOWN}”.",
            "max_per_booking": "1 to 10.",
            "max_per_person": (
                "Bookings, offers and waitlist entries together. Leave empty for no limit."
            ),
            "max_per_place": (
                "Leave empty for 4. While people wait, bookings have no more seats, either."
            ),
            "waitlist_until_start": (
                "Seats that are cancelled after sales end are still offered to people who wait. "
                "The waitlist can be joined until sales end."
            ),
            "promotion_window_minutes": (
                "How long an offer holds seats for a person on the waitlist; at least 5. Leave "
                "empty for a twentieth of the time left until the event, or less where more than "
                "20 are waiting, between 15 minutes and a day. Nights do not count until 12 hours "
                "before the event."
            ),
            "ask_days_before": (
                "So many days before the event, 3 to 14, attendees are asked by email whether they "
                "are still coming, and once more a day later. Leave empty to ask no one."
            ),
            "unanswered_policy": (
                "Shown to attendees before they book. Seats go to the waitlist a day after the "
                "second question, only of bookings that were shown this, and only if someone "
                "waits for them."
            ),
            "reminder_hours": (
                "So many hours before the event, 1 to 336, attendees are reminded of it; whole "
                "days by the clocks of its time zone, so 24 is the same time a day earlier. Leave "
                "empty to remind no one."
            ),
            "sends_thanks": (
                "At 10:00 on the day after the event, to those who were checked in. Where no one "
                "was checked in, to all who had seats."
            ),
            "refund_policy": "Shown to attendees before they book and before they cancel.",
            "is_online": "It has no place to go to; the venue may be a link.",
            "contact_email": (
                "Shown on the event page. Replies to emails about the event go there if it is "
                "your own confirmed address, or if this site allows its domain."
            ),
            "contact_url": "Shown on the event page, such as https://example.org/contact.",
            "shows_organizer_email": (
                "Where no contact email address is given: shows the address that you log in with "
                "on the event page, and sends replies to emails about the event there."
            ),
            "currency": "Three letters of ISO 4217, such as EUR.",
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
        for name in ("version", "price_reason"):
            if name in self.fields:
                self.fields[name].show_hidden_initial = False
        # A read-only form has no fields but the version.
        if "venue" in self.fields:
            self.fields["venue"].required = False
        typed = data.get(self.add_prefix("currency"), "") if data is not None else ""
        for name in PRICES:
            cast(AmountField, self.fields[name]).currency = typed.upper() or self.instance.currency
        if self.instance_exists:
            self.initial["version"] = self.instance.version
            if self.instance.price_moves and "price_reason" in self.fields:
                self._say_what_a_new_price_does()
            for name in TIME_FIELDS:
                self.initial[name] = text_of_time(getattr(self.instance, name), self.instance.zone)
                self._time_input(name).zone = self.instance.zone
        # Notes on the fields that another person changed meanwhile.
        self.conflicts: dict[str, str] = {}
        if isinstance(self.refusal, EditedMeanwhile) and data is not None:
            self._merge_stored_values(data)

    def _say_what_a_new_price_does(self) -> None:
        """Explain that the price moves by a rule, which a change by hand suspends."""
        self.fields["current_price"].help_text = (
            "What a seat costs now. A rule moves it: entering another price suspends the rule "
            "until you resume it on the tab “Prices”."
        )
        reason = self.fields["price_reason"]
        reason.help_text = "Required with a new price. Attendees see it in the price history."

    def is_valid(self) -> bool:
        return super().is_valid() and not self.reopened

    @property
    def instance_exists(self) -> bool:
        """Whether the form changes an event, rather than creating one."""
        return not self.instance._state.adding

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that the editor changed; with a new time zone, all times change too."""
        touched = {name for name in self.changed_data if name in EDITABLE}
        if "timezone" in touched:
            touched |= set(TIME_FIELDS)
        return {name: self.cleaned_data[name] for name in touched}

    def clean(self) -> dict[str, Any]:
        """Add the time zone to the times, and show why saving was refused."""
        cleaned = super().clean() or self.cleaned_data
        name = cleaned.get("timezone", "")
        if name not in known_timezones():
            self.add_error("timezone", TIME_ZONE_HINT)
            name = "UTC"
        self._add_time_zone(cleaned, ZoneInfo(name))
        if cleaned.get("current_price") is None:
            cleaned["current_price"] = cleaned.get("base_price")
        if self.refusal is not None:
            self._show(self.refusal)
        return cleaned

    def _add_time_zone(self, cleaned: dict[str, Any], zone: ZoneInfo) -> None:
        """Turn local times into moments; refuse those that do not exist, or are not clear."""
        for name in TIME_FIELDS:
            wall = cleaned.get(name)
            if wall is None:
                continue
            if not {name, "timezone"} & set(self.changed_data) and self.instance_exists:
                cleaned[name] = getattr(self.instance, name)
                continue
            widget = self._time_input(name)
            widget.zone = zone
            typed = widget.value_from_datadict(self.data, {}, self.add_prefix(name))
            try:
                cleaned[name] = moment_of(wall, zone, fold=split_fold(typed)[1])
            except AmbiguousTime as problem:
                self.add_error(name, f"{problem.text} {CHOOSE}")
            except LocalTimeProblem as problem:
                self.add_error(name, problem.text)

    def _time_input(self, name: str) -> WallClockInput:
        return cast(WallClockInput, self.fields[name].widget)

    def clean_timezone(self) -> str:
        """Accept any capitalization, and spaces for underscores."""
        name = str(self.cleaned_data["timezone"]).strip()
        return time_zones_by_spelling().get(name.replace(" ", "_").casefold(), name)

    def clean_price_reason(self) -> str:
        try:
            reason = checked_reason(str(self.cleaned_data["price_reason"]))
        except Invalid as refusal:
            raise forms.ValidationError(refusal.fields["price_reason"]) from refusal
        prices = PRICES[1:] if self.instance_exists and self.instance.price_moves else PRICES
        if reason and set(prices).isdisjoint(self.changed_data):
            raise forms.ValidationError("Enter a new price as well, or leave this empty.")
        return reason

    def clean_venue(self) -> str:
        return str(self.cleaned_data["venue"]).strip() or VENUE_UNKNOWN

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def _post_clean(self) -> None:
        """Leave the instance as stored: the operation changes it, and gives readable errors.

        Django would set the instance's fields here and check constraints, whose errors show
        nothing but their names. When the form has errors already, the operation will not run, so
        its errors are added here: the organizer sees all of them at once.
        """
        if not self.errors or self.refusal is not None:
            return
        given = {name: value for name, value in self.cleaned_data.items() if name in EDITABLE}
        try:
            check_event(Event(**given), at=now(), date_moved="event_date" in self.changed_data)
        except Invalid as refusal:
            for name, message in refusal.fields.items():
                if given.get(name) not in (None, ""):
                    self.add_error(name, message)

    def _show(self, refusal: DomainError) -> None:
        """Add a refusal to the fields that it names, or to the form."""
        errors: Mapping[str, str] = refusal.fields if isinstance(refusal, Invalid) else {}
        if isinstance(refusal, CapacityInUse):
            taken = self.instance.total_capacity - self.instance.available_seats
            message = f"Enter at least {taken:,}, the number of seats booked or held."
            errors = {"total_capacity": f"{message} To enter fewer, cancel bookings first."}
        if isinstance(refusal, EditedMeanwhile):
            self.add_error(None, f"{last_edit_text(self.instance)} {SAVE_AGAIN}")
            errors = self.conflicts
        elif not errors:
            self.add_error(None, refusal.text)
        for name, message in errors.items():
            self.add_error(name if name in self.fields else None, message)

    def _merge_stored_values(self, data: MultiValueDict[str, Any]) -> None:
        """Rebase the submission on the stored event: take its values where the editor changed none.

        Where both changed a field, the editor's value stays, and the other is noted beside it.
        """
        merged = data.copy()
        stored = EventForm(instance=self.instance)
        for name in self.fields:
            if name not in EDITABLE:
                continue
            theirs, seen, mine = (
                _text(stored[name].field.prepare_value(stored[name].initial)),
                _text(data.get(self.add_initial_prefix(name))),
                _text(
                    self.fields[name].widget.value_from_datadict(data, {}, self.add_prefix(name))
                ),
            )
            merged[self.add_initial_prefix(name)] = theirs
            if theirs in (seen, mine):
                continue
            if mine == seen:
                merged[self.add_prefix(name)] = theirs
                self.conflicts[name] = f"Changed by another person from “{_short(seen)}”."
            else:
                self.conflicts[name] = (
                    f"Another person entered “{_short(theirs)}”. Your value is in the field."
                )
        merged[self.add_prefix("version")] = str(self.instance.version)
        self.data = merged


def _text(value: Any) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").strip().removesuffix("#0")


def _short(text: str) -> str:
    text = text.replace("T", " ") if len(text) == 16 and text[10] == "T" else text
    if not text:
        return "(empty)"
    return text if len(text) <= 120 else f"{text[:119]}…"
