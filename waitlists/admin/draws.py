"""The draw of an event in the admin: announcing it, calling it off, entering its numbers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import add_page, event_page_url, tabs_context
from evently.database.clock import now
from evently.errors import Invalid
from evently.formatting import counted, moment
from evently.local_time import AmbiguousTime, LocalTimeProblem, moment_of
from events.admin.wall_clock import CHOOSE, WallClockField, WallClockInput, split_fold
from events.models import Event
from waitlists import operations
from waitlists.draw_models import TO_FREEZE, TO_REVEAL
from waitlists.draw_presenters import DrawPresenter
from waitlists.draw_queries import draws_of, participants
from waitlists.models import Beacon, Draw, WaitlistEntry
from waitlists.operations.draws import clean_numbers

LONGEST_NAME = 200
TIMES = ("closes_at", "beacon_at")


class AnnounceForm(forms.Form):
    """When a draw closes, and which random value decides it; times are of the venue's clocks."""

    closes_at = WallClockField(
        label="Closes at",
        widget=WallClockInput,
        error_messages={"required": "Enter until when people can join the draw."},
        help_text="Everyone who has a confirmed place by then takes part.",
    )
    beacon = forms.ChoiceField(
        label="Random value",
        choices=[
            (Beacon.DRAND.value, "drand, a public random beacon: fetched automatically"),
            (Beacon.NUMBERS.value, "Numbers of a lottery: you enter them"),
        ],
        widget=UnfoldAdminSelectWidget,
        help_text="Neither you nor this site can know or choose it.",
    )
    beacon_name = forms.CharField(
        label="Which numbers",
        required=False,
        max_length=LONGEST_NAME,
        widget=UnfoldAdminTextInputWidget,
        help_text="Only for a lottery: its name and day, and which numbers in which order, so that "
        "anyone can look them up. For example: “Lotto 6 aus 49, Saturday 5 December 2026, in "
        "ascending order, without the bonus number”. It becomes public.",
    )
    beacon_at = WallClockField(
        label="Result due at",
        widget=WallClockInput,
        required=False,
        help_text="When the random value exists, at least 5 minutes after closing. For a lottery: "
        "when its numbers are known. You then have an hour to enter them. With drand you can "
        "leave this empty; the result is then due 10 minutes after closing.",
    )

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = event

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in TIMES:
            self._add_time_zone(name)
        if cleaned.get("beacon") == Beacon.NUMBERS:
            if not cleaned.get("beacon_name"):
                self.add_error("beacon_name", "Name the lottery and the day of its numbers.")
            if not cleaned.get("beacon_at") and "beacon_at" not in self.errors:
                self.add_error("beacon_at", "Enter when the numbers are known.")
        if not self.errors:
            self._check_times(cleaned["closes_at"], cleaned["beacon_at"])
        return cleaned

    def _add_time_zone(self, name: str) -> None:
        wall = self.cleaned_data.get(name)
        if wall is None:
            return
        widget = cast(WallClockInput, self.fields[name].widget)
        widget.zone = self.event.zone
        typed = widget.value_from_datadict(self.data, {}, self.add_prefix(name))
        try:
            self.cleaned_data[name] = moment_of(wall, self.event.zone, fold=split_fold(typed)[1])
        except AmbiguousTime as problem:
            self.add_error(name, f"{problem.text} {CHOOSE}")
        except LocalTimeProblem as problem:
            self.add_error(name, problem.text)

    def _check_times(self, closes_at: datetime, beacon_at: datetime | None) -> None:
        """Say beside the field what the database would refuse."""
        due = beacon_at or closes_at + operations.TO_BEACON
        last = self.event.line_closes_at - TO_REVEAL
        if closes_at <= now():
            self.add_error("closes_at", "Enter a time in the future.")
        elif due < closes_at + TO_FREEZE:
            self.add_error("beacon_at", "The result is due 5 minutes after closing, or later.")
        elif due > last:
            self.add_error(
                "beacon_at" if beacon_at else "closes_at",
                "The result must be due an hour before the waitlist closes: by "
                f"{moment(last, self.event.zone)}.",
            )


class NumbersForm(forms.Form):
    """The numbers of a lottery, entered twice."""

    beacon_value = forms.CharField(
        label="Numbers",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        help_text="Those that the announcement names, in its order, separated by spaces.",
    )
    again = forms.CharField(
        label="The same numbers again",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, second = cleaned.get("beacon_value"), cleaned.pop("again", None)
        if first and second and _spaced(first) != _spaced(second):
            self.add_error("again", "The two entries differ. Check both against the result.")
        return cleaned


def _spaced(text: str) -> str:
    try:
        return clean_numbers(text)
    except Invalid:
        return text.strip()


# ── Pages ───────────────────────────────────────────────────────────────────
def draw_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Show the draws of an event, and what can be done."""
    at = now()
    draws = [DrawPresenter(draw, event=event, at=at) for draw in draws_of(event.pk)]
    newest = draws[0] if draws else None
    confirmed, unconfirmed = participants(event.pk)
    return TemplateResponse(
        request,
        "admin/waitlists/draw.html",
        {
            **admin.site.each_context(request),
            **tabs_context(event, current="draw"),
            "opts": Event._meta,
            "title": event.name,
            "event": event,
            "draw": newest,
            "void_draws": [draw for draw in draws if draw.is_void],
            "can_announce": _can_announce(event, newest, at=at),
            "enters_numbers": newest is not None and newest.stage == "due" and not newest.by_drand,
            "line_closes": moment(event.line_closes_at, event.zone),
            "confirmed": confirmed,
            "unconfirmed": unconfirmed,
            "urls": {
                name: event_page_url(name, event.pk)
                for name in ("draw_announce", "draw_off", "draw_numbers", "waitlist")
            },
        },
    )


def _can_announce(event: Event, newest: DrawPresenter | None, *, at: datetime) -> bool:
    open_for = event.line_closes_at - at
    in_time = open_for > TO_FREEZE + TO_REVEAL + timedelta(minutes=1)
    return event.is_active and in_time and (newest is None or newest.is_void)


def announce_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Ask for the times and the random value, with the consequences; then announce the draw."""
    back = event_page_url("draw", event.pk)
    if request.method != "POST" and event.has_pending_draw:
        return redirect(back)
    confirmed, unconfirmed = participants(event.pk)

    def act(closes_at: datetime, beacon: str, beacon_name: str, beacon_at: datetime | None) -> str:
        draw = operations.announce_draw(
            event_id=event.pk,
            closes_at=closes_at,
            beacon=Beacon(beacon),
            beacon_at=beacon_at,
            beacon_name=beacon_name,
        )
        due = moment(draw.beacon_at, event.zone)
        return report_success(request, f"The draw is announced. Its result is due on {due}.", back)

    return _ask(
        request,
        event,
        title="Announce a draw",
        question=(
            "From now until the result, no seats are sold or offered; people join the draw "
            "instead. Those who wait already take part, and are notified. Once it has closed, the "
            "draw can no longer be called off, and its times never change."
        ),
        submit="Announce the draw",
        form_class=partial(AnnounceForm, event=event),
        facts=[
            ("Free seats", f"{event.available_seats:,}"),
            *_people(confirmed, unconfirmed),
            ("Waitlist closes", moment(event.line_closes_at, event.zone)),
            ("Time zone", event.timezone),
        ],
        act=act,
    )


def call_off_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Call a draw off, before it closes."""
    back = event_page_url("draw", event.pk)
    confirmed, unconfirmed = participants(event.pk)

    def act() -> str:
        operations.call_off_draw(event_id=event.pk)
        return report_success(request, "The draw is called off. The order of joining stands.", back)

    return _ask(
        request,
        event,
        title="Call off the draw",
        question=(
            "Free seats are offered at once, in the order in which people joined, and what is left "
            "goes on sale. Everyone who waits is notified, and the public record says that you "
            "called it off."
        ),
        submit="Call off the draw",
        facts=[("Free seats", f"{event.available_seats:,}"), *_people(confirmed, unconfirmed)],
        act=act,
        danger=True,
    )


def numbers_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Ask for the numbers of a lottery, twice; they decide the draw."""
    back = event_page_url("draw", event.pk)
    draw = Draw.objects.due_by_hand().filter(event_id=event.pk).first()
    if draw is None and request.method != "POST":
        return redirect(back)

    def act(beacon_value: str) -> str:
        done = operations.reveal_draw(event_id=event.pk, beacon_value=beacon_value)
        return report_success(
            request,
            f"The order is drawn, from {counted(done.lots or 0, 'lot')}. Seats are being offered.",
            back,
        )

    facts = []
    if draw is not None:
        facts = [
            ("Numbers of", draw.beacon_name),
            ("Lots", f"{draw.lots or 0:,}"),
            ("Enter them by", moment(draw.reveal_by, event.zone)),
        ]
    return _ask(
        request,
        event,
        title="Enter the numbers of the draw",
        question=(
            "The numbers are final: they decide the order at once, are published, and anyone can "
            "compare them with the lottery’s result."
        ),
        submit="Draw the order",
        form_class=NumbersForm,
        facts=facts,
        act=act,
    )


def _ask(request: HttpRequest, event: Event, **page: Any) -> HttpResponse:
    return confirmation_page(
        admin.site.get_model_admin(WaitlistEntry),
        request,
        back=event_page_url("draw", event.pk),
        context=tabs_context(event, current="draw"),
        **page,
    )


def _people(confirmed: int, unconfirmed: int) -> Sequence[tuple[str, str]]:
    rows = [("Waiting with a confirmed place", f"{confirmed:,}")]
    return [*rows, ("Not confirmed", f"{unconfirmed:,}")] if unconfirmed else rows


add_page("Waitlist", "draw", "Draw", view=draw_page, rank=10)
for _key, _title, _view in (
    ("draw_announce", "Announce a draw", announce_page),
    ("draw_off", "Call off the draw", call_off_page),
    ("draw_numbers", "Enter the numbers", numbers_page),
):
    add_page("Waitlist", _key, _title, view=_view, rank=20, listed=False)
