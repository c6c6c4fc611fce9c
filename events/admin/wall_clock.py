"""Form fields for times without a time zone, which the form adds.

A time that exists twice, as clocks go back, gets a choice between the two beside its input, which
is shown only where it is needed. As text, such a time has a suffix: "2027-10-31T02:30#1" is the
second.
"""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import INPUT_CLASSES, SELECT_CLASSES

from evently.local_time import AmbiguousTime, exists_twice, moment_of, wall_clock
from events.operations.validation import LAST_TYPED_YEAR

WALL_CLOCK = "%Y-%m-%dT%H:%M"
# Django reads more: days without a time as midnight, and moments with an offset, which would go.
TYPED = re.compile(r"\d{4}-\d\d?-\d\d?[T ]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?", re.ASCII)
NOT_LOCAL = "Enter a day and a time of the venue's clocks, such as 2027-05-08T14:00."
SUFFIX = "#"
FOLDS = ("0", "1")
CHOOSE = "Choose which of the two is meant."


class WallClockInput(forms.DateTimeInput):
    """A date and time without a time zone, picked with the browser's own control.

    zone: if set, the choice between two moments is shown, in this time zone.
    """

    input_type = "datetime-local"
    zone: ZoneInfo | None = None

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        attrs = {"class": " ".join([*INPUT_CLASSES, "max-w-2xl"]), **(attrs or {})}
        super().__init__(attrs=attrs, format=WALL_CLOCK)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value, fold = data.get(name), data.get(f"{name}_fold")
        if value and fold in FOLDS and SUFFIX not in value:
            return f"{value}{SUFFIX}{fold}"
        return value

    def format_value(self, value: Any) -> str | None:
        return super().format_value(split_fold(value)[0] if isinstance(value, str) else value)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        html = super().render(name, value, attrs, renderer)
        if self.zone is None or not isinstance(value, str):
            return html
        text, chosen = split_fold(value)
        return format_html("{}{}", html, _choice(name, text, chosen, self.zone))


def _choice(name: str, text: str, chosen: int | None, zone: ZoneInfo) -> SafeString:
    """Return the choice between the two moments of a time, or "" where there is only one."""
    try:
        moment_of(datetime.fromisoformat(text), zone)
    except AmbiguousTime as twice:
        first, second = (at.astimezone(zone) for at in twice.moments)
    except ValueError:
        return SafeString("")
    else:
        return SafeString("")
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (
                fold,
                SafeString(" selected") if fold == chosen else "",
                f"{at:%H:%M} {word}, {at:%Z} (UTC{at.isoformat()[-6:]})",
            )
            for fold, (word, at) in enumerate((("first", first), ("second", second)))
        ),
    )
    return format_html(
        '<select name="{}_fold" aria-label="{}" class="{} ev-fold">'
        '<option value="">{}</option>{}</select>',
        name,
        CHOOSE,
        " ".join([*SELECT_CLASSES, "max-w-2xl"]),
        CHOOSE,
        options,
    )


class WallClockField(forms.DateTimeField):
    """A date and time without a time zone; its `fold` is set where one of two was chosen."""

    widget = WallClockInput
    hidden_widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=[WALL_CLOCK, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **kwargs
        )

    def to_python(self, value: Any) -> datetime | None:
        """Return a naive datetime."""
        text, fold = split_fold(value) if isinstance(value, str) else (value, None)
        typed = super().to_python(text)
        if typed is not None and isinstance(text, str) and not TYPED.fullmatch(text.strip()):
            raise forms.ValidationError(NOT_LOCAL)
        if typed is None:
            return None
        if typed.year > LAST_TYPED_YEAR:
            raise forms.ValidationError(f"Enter a year up to {LAST_TYPED_YEAR}.")
        return typed.replace(tzinfo=None, fold=fold or 0)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Count a chosen fold as a change, unless it was seen; Python's comparison ignores it."""
        if super().has_changed(initial, data):
            return True
        chosen = split_fold(data)[1] if isinstance(data, str) else None
        seen = split_fold(initial)[1] if isinstance(initial, str) else None
        return chosen is not None and chosen != seen

    def prepare_value(self, value: Any) -> Any:
        return value.strftime(WALL_CLOCK) if isinstance(value, datetime) else value


def split_fold(text: str) -> tuple[str, int | None]:
    """Return a time as text without its suffix, and which of two it is, if that was chosen."""
    time, _, fold = text.partition(SUFFIX)
    return time, int(fold) if fold in FOLDS else None


def text_of_time(at: datetime | None, zone: ZoneInfo) -> str:
    """Return a moment as the text of a wall clock, with a suffix where it exists twice."""
    if at is None:
        return ""
    wall = wall_clock(at, zone)
    text = wall.strftime(WALL_CLOCK)
    return f"{text}{SUFFIX}{wall.fold}" if exists_twice(wall, zone) else text
