"""Forms of messages to attendees in the admin."""

import re
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from evently.database.clock import now
from evently.errors import Invalid
from evently.formatting import moment
from evently.local_time import AmbiguousTime, LocalTimeProblem, moment_of
from events.admin.wall_clock import CHOOSE, WallClockField, WallClockInput, split_fold
from events.models import Event
from notifications.message_models import LONGEST_BODY, LONGEST_SUBJECT, Audience, OrganizerMessage
from notifications.writing.drafting import Draft
from notifications.writing.text import IN_BODY, MEANINGS

HELP = "Plain text: line breaks are kept, and web addresses become links. You can use " + ", ".join(
    f"{{{name}}} ({MEANINGS[name]})" for name in IN_BODY
)
ANYWAY = "anyway"
SPACES = re.compile(r"[\s,;]+")


class MessageForm(forms.Form):
    """What a message says, and whom it is for."""

    subject = forms.CharField(
        max_length=LONGEST_SUBJECT,
        error_messages={"required": "Enter a subject."},
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="It is also the heading of the email.",
    )
    body = forms.CharField(
        label="Message",
        max_length=LONGEST_BODY,
        error_messages={"required": "Write a text."},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text=f"{HELP}. Each email begins with “Hello” and the recipient’s name.",
    )
    audience = forms.ChoiceField(
        label="Recipients", choices=Audience.choices, widget=UnfoldAdminSelectWidget
    )
    references = forms.CharField(
        label="Booking references",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Only for “Some bookings only”: separated by spaces, commas or lines. Each "
        "message goes to the person who booked.",
    )
    # By which a form that is sent twice is the same message.
    message = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @property
    def draft(self) -> Draft:
        """What was entered; of a form without errors."""
        values = self.cleaned_data
        references = [one for one in SPACES.split(values["references"]) if one]
        return Draft(values["subject"], values["body"], values["audience"], tuple(references))

    def add_refusal(self, refusal: Invalid) -> None:
        for name, text in (refusal.fields or {"": refusal.text}).items():
            self.add_error(name if name in self.fields else None, text)


class TimeForm(forms.Form):
    """When a message is sent, by the clocks of the event."""

    send_at = WallClockField(
        label="Send at",
        widget=WallClockInput,
        error_messages={"required": "Enter a day and a time."},
    )

    def __init__(self, *args: Any, event: Event, message: OrganizerMessage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event, self.message = event, message
        self.fields["send_at"].help_text = f"By the clocks of {event.timezone}."
        if ANYWAY in self.data:
            self._add_box()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        wall = cleaned.get("send_at")
        if wall is not None and (at := self._moment(wall)) is not None:
            cleaned["send_at"] = at
            warning = warning_of(self.message, self.event, at)
            if warning and not cleaned.get(ANYWAY):
                self._add_box()
                self.add_error("send_at", f"{warning} Choose another time, or tick the box below.")
        cleaned.pop(ANYWAY, None)
        return cleaned

    def _add_box(self) -> None:
        """Add the box that overrules a warning, which is there once there was one."""
        self.fields[ANYWAY] = forms.BooleanField(
            label="Send it at that time all the same", required=False, widget=UnfoldBooleanWidget
        )

    def _moment(self, wall: datetime) -> datetime | None:
        widget = cast(WallClockInput, self.fields["send_at"].widget)
        widget.zone = self.event.zone
        typed = widget.value_from_datadict(self.data, {}, self.add_prefix("send_at"))
        try:
            return moment_of(wall, self.event.zone, fold=split_fold(typed)[1])
        except AmbiguousTime as problem:
            self.add_error("send_at", f"{problem.text} {CHOOSE}")
        except LocalTimeProblem as problem:
            self.add_error("send_at", problem.text)
        return None


def warning_of(message: OrganizerMessage, event: Event, at: datetime) -> str:
    """Return why a message makes little sense at a time, in a sentence; "" if it does."""
    ends_at = event.ends_at or event.event_date
    if message.audience == Audience.NOT_CHECKED_IN and at < event.event_date:
        return (
            "The event starts later, on "
            f"{moment(event.event_date, event.zone)}: no one has checked in by then, so everyone "
            "would get it."
        )
    if message.audience == Audience.WAITING and at >= event.line_closes_at:
        closes = moment(event.line_closes_at, event.zone)
        return f"The waitlist closes before, on {closes}: no one waits by then."
    if at >= ends_at and message.audience != Audience.NOT_CHECKED_IN:
        if event.ends_at is None:
            return f"The event is over by then: it starts on {moment(ends_at, event.zone)}."
        return f"The event is over by then: it ends on {moment(ends_at, event.zone)}."
    return ""


def suggested_time(event: Event) -> datetime | None:
    """Return a day before the event, if that is ahead."""
    at = event.event_date - timedelta(days=1)
    return at if at > now() else None
