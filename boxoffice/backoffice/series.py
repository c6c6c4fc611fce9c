"""A series of an event: the form, the days it leads to, and the drafts."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from boxoffice.backoffice.bulk import ANSWER, GO, PREVIEW, Button, Line, bulk_page
from evently.admin.confirmation import report_success
from evently.admin.tabs import tabs_context
from evently.errors import DomainError
from evently.formatting import counted, moment
from evently.local_time import local_day
from events.admin.events import overview_url
from events.importing.dates import read_stamp
from events.models import Event
from events.operations.series import (
    MOST_COPIES,
    Occurrence,
    Repeats,
    copy_to_days,
    days_of,
    occurrences_of,
)

CHOICES = (
    (Repeats.WEEKLY.value, "Every week, or every few weeks"),
    (Repeats.MONTHLY_BY_WEEKDAY.value, "Monthly, on the same weekday"),
    (Repeats.MONTHLY_BY_DAY.value, "Monthly, on the same day of the month"),
    (Repeats.DATES.value, "On these dates"),
)


class SeriesForm(forms.Form):
    """On which days an event is repeated."""

    repeats = forms.ChoiceField(
        label="Repeat", choices=CHOICES, widget=UnfoldAdminSelectWidget, initial=Repeats.WEEKLY
    )
    every = forms.IntegerField(
        label="Every",
        min_value=1,
        max_value=52,
        initial=1,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
        help_text="Weeks or months: 2 for every other one.",
    )
    until = forms.DateField(
        label="Until", required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    dates = forms.CharField(
        label="Dates",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="One per line, such as 2027-11-30 or 30.11.2027.",
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("repeats") == Repeats.DATES:
            self._read_dates(values)
        elif not values.get("until") and "until" not in self.errors:
            self.add_error("until", "Choose the last day.")
        return values

    def _read_dates(self, values: dict[str, Any]) -> None:
        days: list[date] = []
        for text in values.get("dates", "").splitlines():
            if not text.strip():
                continue
            stamp = read_stamp(text)
            if stamp is None:
                hint = "Write it as 2027-11-30."
                self.add_error("dates", f"“{text.strip()[:40]}” is not a clear date. {hint}")
                return
            days.append(stamp.day)
        if not days and "dates" not in self.errors:
            self.add_error("dates", "Enter at least one date.")
        elif len(days) > MOST_COPIES:
            self.add_error("dates", f"Enter up to {MOST_COPIES} dates.")
        values["days"] = days

    def occurrences(self, event: Event) -> list[Occurrence]:
        values = self.cleaned_data
        repeats = Repeats(values["repeats"])
        if repeats is Repeats.DATES:
            return occurrences_of(event, values["days"])
        start = local_day(event.event_date, event.zone)
        days = days_of(start, repeats=repeats, every=values["every"] or 1, until=values["until"])
        return occurrences_of(event, list(days)[:MOST_COPIES])


def series_page(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, event: Event, *, by_id: UUID
) -> HttpResponse:
    """Ask for the days, show what they lead to, and create the drafts once confirmed."""
    answer = request.POST.get(ANSWER, "")
    form = SeriesForm(request.POST if answer else None)
    found = form.occurrences(event) if answer and form.is_valid() else []
    new = [one.day for one in found if one.starts_at is not None and one.day is not None]
    if answer == GO and new:
        try:
            made = copy_to_days(event_id=event.pk, by_id=by_id, days=new)
        except DomainError as refusal:
            form.add_error(None, refusal.text)
        else:
            text = f"{counted(len(made), 'draft')} of {event.name} created."
            return HttpResponseRedirect(report_success(request, text, overview_url(event)))
    lines = [_line(one, event) for one in found]
    buttons = [Button(PREVIEW, "Show the dates", "" if new else "ev-primary")]
    if new:
        buttons.insert(0, Button(GO, f"Create {counted(len(new), 'draft')}", "ev-primary"))
    return bulk_page(
        model_admin,
        request,
        title=f"Repeat {event.name}",
        question=(
            "Each date becomes a draft with the same texts, seats, price and rules, at the same "
            "local time. Bookings and the waitlist are not copied."
        ),
        form=form,
        lines=lines,
        buttons=buttons,
        hidden=[],
        back=overview_url(event),
        context=tabs_context(event, current="overview"),
    )


def _line(one: Occurrence, event: Event) -> Line:
    if one.starts_at is not None:
        return Line(moment(one.starts_at, event.zone), "new draft", one.note)
    day = f"{one.day:%a} {one.day.day} {one.day:%b %Y}" if one.day else "–"
    return Line(day, "left out", one.note, possible=False)
