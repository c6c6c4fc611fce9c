"""Publishing, cancelling and moving several events at once, each shown before and by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from boxoffice.backoffice.consequences import change_and_count
from boxoffice.lifecycle import operations as lifecycle
from evently.admin.confirmation import EmptyForm, ReasonForm
from evently.errors import DomainError, Invalid
from evently.formatting import counted, moment, span
from events import operations
from events.models import Event
from events.operations.editing import times_moved
from notifications.queries import count_of_event

MOST_EVENTS = 100
ANSWER = "answer"
NOTIFY, QUIETLY, PREVIEW, GO = "notify", "quietly", "preview", "go"


@dataclass(frozen=True)
class Line:
    """What becomes of one event. value: the new state; note: why not, or what it causes."""

    name: str
    value: str
    note: str = ""
    possible: bool = True
    people: int = 0


@dataclass(frozen=True)
class Button:
    value: str
    label: str
    style: str = ""


class ShiftForm(forms.Form):
    """By how much events are moved."""

    number = forms.IntegerField(
        label="Move by",
        min_value=-3650,
        max_value=3650,
        initial=1,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
        help_text="A negative number moves them earlier. Local times stay.",
    )
    unit = forms.ChoiceField(
        label="Unit", choices=(("7", "weeks"), ("1", "days")), widget=UnfoldAdminSelectWidget
    )

    def clean_number(self) -> int:
        number = int(self.cleaned_data["number"])
        if not number:
            raise forms.ValidationError("Enter a number other than 0.")
        return number

    @property
    def days(self) -> int:
        return int(self.cleaned_data["number"]) * int(self.cleaned_data["unit"])


def bulk_page(
    model_admin: "ModelAdmin[Any]",
    request: HttpRequest,
    *,
    title: str,
    question: str,
    form: forms.Form,
    lines: Sequence[Line],
    buttons: Sequence[Button],
    hidden: Sequence[tuple[str, str]],
    back: str,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show a form, what it leads to line by line, and buttons whose value is sent as `answer`."""
    return TemplateResponse(
        request,
        "admin/bulk.html",
        {
            **model_admin.admin_site.each_context(request),
            **(context or {}),
            "opts": model_admin.model._meta,
            "title": title,
            "question": question,
            "form": form,
            "lines": lines,
            "buttons": buttons,
            "hidden": hidden,
            "back": back,
        },
    )


class BulkActions:
    """The actions of the list of events; mixed into its admin."""

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """Refuse an action on malformed ids, on which Django would fail."""
        try:
            return super().response_action(request, queryset)  # type: ignore[misc]
        except ValidationError:
            self.message_user(request, "Select events from this list.", level="error")  # type: ignore[attr-defined]
            return HttpResponseRedirect(request.get_full_path())

    @admin.action(description="Publish")
    def publish_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        def line(event: Event) -> Line:
            when = span(event.event_date, event.ends_at, event.zone)
            return Line(event.name, when, *_unless(event.is_published, "It is already published."))

        return self._act(
            request,
            queryset,
            name="publish_selected",
            title="Publish {events}?",
            question="Everyone can find them from now on; no one is notified.",
            form=EmptyForm(),
            line=line,
            buttons=lambda lines: [Button(GO, "Publish", "ev-primary")],
            act=lambda event, version, answer: operations.publish_event(
                event_id=event.pk, version=version
            ),
            done="published",
        )

    @admin.action(description="Cancel")
    def cancel_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Cancel events with one reason; their bookings follow in the background."""
        form = ReasonForm(request.POST if request.POST.get(ANSWER) == GO else None)

        def line(event: Event) -> Line:
            people = count_of_event(event_id=event.pk)
            note = "It is already cancelled or over." if not event.is_active else ""
            return Line(event.name, counted(people, "person", "people"), note, not note, people)

        return self._act(
            request,
            queryset,
            name="cancel_selected",
            title="Cancel {events}?",
            question=(
                "Sales stop at once. All bookings and waitlist entries are cancelled in the "
                "background, and everyone affected is notified with your reason. This cannot be "
                "undone."
            ),
            form=form,
            line=line,
            buttons=lambda lines: [Button(GO, "Cancel the events", "ev-danger")],
            act=lambda event, version, answer: lifecycle.cancel_event(
                event_id=event.pk, reason=form.cleaned_data["reason"], version=version
            ),
            done="cancelled",
        )

    @admin.action(description="Move by days or weeks")
    def shift_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Move events by days or weeks, at the same local times."""
        form = ShiftForm(request.POST if ANSWER in request.POST else None)

        def buttons(lines: list[Line]) -> list[Button]:
            if not lines:
                return [Button(PREVIEW, "Show what changes", "ev-primary")]
            people = sum(line.people for line in lines)
            if not people:
                return [Button(QUIETLY, "Move the events", "ev-primary")]
            who = counted(people, "person", "people")
            return [
                Button(NOTIFY, f"Move and notify {who}", "ev-primary"),
                Button(QUIETLY, "Move without notifying"),
            ]

        return self._act(
            request,
            queryset,
            name="shift_selected",
            title="Move {events}",
            question="Start, end and sales dates move together; weekdays and local times are kept.",
            form=form,
            line=lambda event: _shift_line(event, form.days),
            buttons=buttons,
            act=lambda event, version, answer: operations.edit_event(
                event_id=event.pk,
                version=version,
                notify=answer == NOTIFY,
                **shifted(event, form.days),
            ),
            done="moved",
        )

    def _act(
        self,
        request: HttpRequest,
        queryset: Any,
        *,
        name: str,
        title: str,
        question: str,
        form: forms.Form,
        line: Callable[[Event], Line],
        buttons: Callable[[list[Line]], list[Button]],
        act: Callable[[Event, int | None, str], Any],
        done: str,
    ) -> HttpResponse | None:
        """Show what an action does to each event; once confirmed, do it, one by one."""
        owner: Any = self
        events = list(queryset.order_by("event_date", "id")[: MOST_EVENTS + 1])
        if len(events) > MOST_EVENTS:
            text = f"Select up to {MOST_EVENTS} events at once."
            owner.message_user(request, text, level="error")
            return None
        answer = request.POST.get(ANSWER, "")
        ready = isinstance(form, EmptyForm) or (form.is_bound and form.is_valid())
        if answer in {GO, NOTIFY, QUIETLY} and ready:
            self._do(request, events, answer, act, done)
            return HttpResponseRedirect(request.get_full_path())
        shown = ready or not isinstance(form, ShiftForm)
        lines = [line(event) for event in events] if shown else []
        possible = not lines or any(one.possible for one in lines)
        return bulk_page(
            owner,
            request,
            title=title.format(events=counted(len(events), "event")),
            question=question,
            form=form,
            lines=lines,
            buttons=buttons(lines) if possible else [],
            hidden=[
                ("action", name),
                *((ACTION_CHECKBOX_NAME, str(event.pk)) for event in events),
                *((f"version_{event.pk}", str(event.version)) for event in events),
            ],
            back=request.get_full_path(),
        )

    def _do(
        self,
        request: HttpRequest,
        events: list[Event],
        answer: str,
        act: Callable[[Event, int | None, str], Any],
        done: str,
    ) -> None:
        owner: Any = self
        succeeded, refused = 0, []
        for event in events:
            seen = request.POST.get(f"version_{event.pk}", "")
            try:
                act(event, int(seen) if seen.isdecimal() else event.version, answer)
            except DomainError as refusal:
                refused.append(f"{event.name}: {_text(refusal)}")
            else:
                succeeded += 1
        if succeeded:
            verb = "is" if succeeded == 1 else "are"
            owner.message_user(request, f"{counted(succeeded, 'event')} {verb} {done}.")
        for text in refused[:10]:
            owner.message_user(request, text, level="error")
        if len(refused) > 10:
            owner.message_user(request, f"And {len(refused) - 10} more.", level="error")


def shifted(event: Event, days: int) -> dict[str, Any]:
    """Return the changes that move an event. Attendees of a published one may cancel again."""
    times = times_moved(event, days=days)
    if event.is_published:
        del times["cancellation_deadline"]
    return times


class _RollBack(Exception):
    pass


def _shift_line(event: Event, days: int) -> Line:
    """Return what moving leads to, by doing it and rolling it back."""
    times = shifted(event, days)
    before, after = (moment(at, event.zone) for at in (event.event_date, times["event_date"]))
    value = f"{before} → {after}"
    consequences = None
    try:
        with transaction.atomic():
            consequences = change_and_count(
                event_id=event.pk, version=event.version, notify=None, changes=times
            )
            raise _RollBack
    except DomainError as refusal:
        return Line(event.name, value, _text(refusal), possible=False)
    except _RollBack:
        pass
    assert consequences is not None
    people = consequences.people
    notes = [f"{counted(people, 'person', 'people')} can be notified."] if people else []
    return Line(event.name, value, " ".join([*notes, *consequences.notes]), people=people)


def _text(refusal: DomainError) -> str:
    if isinstance(refusal, Invalid) and refusal.fields:
        return " ".join(refusal.fields.values())
    return refusal.text


def _unless(impossible: bool, note: str) -> tuple[str, bool]:
    return (note, False) if impossible else ("", True)
