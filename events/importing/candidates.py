"""Turns rows into candidates, or refuses them with a reason and a message.

A refusal names the first problem of its row only.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from evently.local_time import AmbiguousTime, LocalTimeProblem
from evently.visible_text import clean_line, is_visible, without_directions
from events.importing.dates import in_zone, moved_ahead, read_date, read_time
from events.importing.reading import Row
from events.models import PaymentMode
from events.operations.validation import LAST_TYPED_YEAR, is_one_line

# An all-day event needs times as well.
DAY_STARTS = time(9)
DAY_ENDS = time(18)
LONGEST_TEXT = 255
ONLINE = "Online"
YES = frozenset({"true", "yes", "1", "y", "x", "wahr", "ja", "oui"})

REASONS = {
    "bad_row": "more cells than the header",
    "private": "marked as private",
    "no_name": "no name",
    "name_too_long": "name too long",
    "no_place": "no venue",
    "place_too_long": "venue too long",
    "no_date": "no start date",
    "bad_date": "invalid date",
    "bad_time": "invalid time",
    "no_such_time": "time that does not exist, or exists twice, on this day",
    "ends_before_start": "ends before it starts",
    "past": "in the past",
    "bad_character": "invisible characters",
    "duplicate": "duplicate row",
    "already_imported": "already imported",
}


@dataclass(frozen=True)
class Plan:
    """What all events of an import have in common.

    now: the current time, aware. price: per seat; with 0 the events are free of charge, otherwise
    paid at the door. shift_dates: whether past events are moved into the future, by whole years.
    """

    now: datetime
    timezone: str = "UTC"
    capacity: int = 100
    price: Decimal = Decimal("0.00")
    currency: str = "EUR"
    publish: bool = False
    shift_dates: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of an event that do not come from the file."""
        return {
            "timezone": self.timezone,
            "total_capacity": self.capacity,
            "base_price": self.price,
            "current_price": self.price,
            "currency": self.currency,
            "payment_mode": PaymentMode.DOOR if self.price else PaymentMode.FREE,
            "published_at": self.now if self.publish else None,
        }


@dataclass(frozen=True)
class Refusal:
    """A row that is not imported. reason: a key of REASONS; message: what is wrong with it."""

    line: int
    name: str
    reason: str
    message: str


@dataclass(frozen=True)
class Candidate:
    """A row that becomes an event.

    source_key: the same whenever the same row is read. moved: whether it was moved into the future.
    columns: of the event, beyond those of the plan.
    """

    line: int
    name: str
    source_key: str
    moved: bool = False
    columns: Mapping[str, Any] = field(default_factory=dict)


class _Refused(Exception):
    def __init__(self, reason: str, message: str) -> None:
        self.reason, self.message = reason, message
        super().__init__(reason)


@dataclass(frozen=True)
class _Span:
    """When the event of a row takes place, in local time."""

    day: date
    starts: time
    last_day: date | None
    ends: time | None


def candidate_of(row: Row, plan: Plan) -> Candidate | Refusal:
    """Return the candidate or refusal for a row, regardless of other rows and existing events."""
    name = _tidy(row.get("subject"))
    try:
        return _candidate(row, plan, name)
    except _Refused as refused:
        return Refusal(row.line, name[:LONGEST_TEXT], refused.reason, refused.message)


def _candidate(row: Row, plan: Plan, name: str) -> Candidate:
    if row.problem:
        raise _Refused("bad_row", row.problem)
    if _yes(row.get("private")):
        raise _Refused("private", "It is marked as private. Remove the mark to import it.")
    _check_text(name, "name", empty="no_name", too_long="name_too_long")
    place = _place_of(row)
    span = _span_of(row)
    first_day = span.day.isoformat()
    moved = False
    starts_at, ends_at = _times(span, plan, timedelta(0))
    if starts_at <= plan.now:
        if not plan.shift_dates:
            raise _Refused("past", f"It started on {first_day}.")
        ahead = moved_ahead(span.day, after=plan.now.astimezone(ZoneInfo(plan.timezone)).date())
        starts_at, ends_at = _times(span, plan, ahead - span.day)
        moved = True
    description = _description_of(row)
    # The source key stays that of the text as it is in the file.
    key = _source_key(name, f"{first_day}T{span.starts:%H:%M}", place)
    name, place = (clean_line(without_directions(text)) for text in (name, place))
    _check_text(name if is_visible(name) else "", "name", empty="no_name", too_long="name_too_long")
    if not (is_one_line(name) and is_one_line(place)) or "\x00" in description:
        raise _Refused("bad_character", "Remove the invisible character.")
    return Candidate(
        line=row.line,
        name=name,
        # From the date as written, so that it is the same whether or not the event was moved.
        source_key=key,
        moved=moved,
        columns={
            "name": name,
            "venue": place,
            "description": description,
            "event_date": starts_at,
            "ends_at": ends_at,
        },
    )


def _span_of(row: Row) -> _Span:
    day = _date_in(row, "start date")
    if day is None:
        raise _Refused("no_date", "It has no start date.")
    last_day = _date_in(row, "end date")
    all_day = _yes(row.get("all day event"))
    starts = None if all_day else _time_in(row, "start time")
    ends = None if all_day else _time_in(row, "end time")
    if last_day is not None and last_day < day:
        raise _Refused("ends_before_start", f"It ends on {last_day}, but starts on {day}.")
    if starts is None:
        starts, ends = DAY_STARTS, ends or DAY_ENDS
        last_day = last_day or day
    if ends is not None and last_day is None:
        # An end time without a date that is before the start is on the next day.
        last_day = day if _wall(ends) >= _wall(starts) else day + timedelta(days=1)
    if ends is None and last_day is not None and last_day > day:
        ends = DAY_ENDS
    if last_day == day and ends is not None and _wall(ends) < _wall(starts):
        raise _Refused(
            "ends_before_start", f"It ends at {ends:%H:%M}, but starts at {starts:%H:%M}."
        )
    return _Span(day, starts, last_day, ends)


def _wall(clock: time) -> time:
    return clock.replace(tzinfo=None)


def _times(span: _Span, plan: Plan, ahead: timedelta) -> tuple[datetime, datetime | None]:
    zone = ZoneInfo(plan.timezone)
    try:
        starts_at = in_zone(span.day + ahead, span.starts, zone)
        if span.ends is None or span.last_day is None:
            return starts_at, None
        ends_at = in_zone(span.last_day + ahead, span.ends, zone)
    except AmbiguousTime as problem:
        hint = "Write the time with its offset, such as 02:30+02:00."
        raise _Refused("no_such_time", f"{problem.text} {hint}") from problem
    except LocalTimeProblem as problem:
        raise _Refused("no_such_time", problem.text) from problem
    if ends_at < starts_at:
        raise _Refused("ends_before_start", "It ends before it starts.")
    return starts_at, ends_at


def _date_in(row: Row, column: str) -> date | None:
    text = row.get(column)
    if not text:
        return None
    day = read_date(text)
    if day is None or not 1900 <= day.year <= LAST_TYPED_YEAR:
        raise _Refused(
            "bad_date",
            f"“{text[:40]}” in “{column.title()}” is not a date. "
            "Use a format such as 2026-11-30 or 11/30/2026 (month first).",
        )
    return day


def _time_in(row: Row, column: str) -> time | None:
    text = row.get(column)
    if not text:
        return None
    clock = read_time(text)
    if clock is None:
        raise _Refused(
            "bad_time",
            f"“{text[:40]}” in “{column.title()}” is not a time. "
            "Use a format such as 19:30 or 7:30 PM.",
        )
    return clock


def _place_of(row: Row) -> str:
    place = _tidy(row.get("location"))
    if not place and _is_online(row):
        return ONLINE
    _check_text(place, "venue", empty="no_place", too_long="place_too_long")
    return place


def _description_of(row: Row) -> str:
    """Return the description, with the contents of unknown columns below it."""
    facts = [
        f"{title}: {text}" for title, text in row.extras.items() if title.casefold() != "online"
    ]
    if row.get("location") and _is_online(row):
        facts.append("Also online")
    return "\n\n".join(part for part in (row.get("description"), "\n".join(facts)) if part)


def _is_online(row: Row) -> bool:
    return any(title.casefold() == "online" and _yes(text) for title, text in row.extras.items())


def _check_text(text: str, what: str, *, empty: str, too_long: str) -> None:
    if not text:
        raise _Refused(empty, f"It has no {what}.")
    if len(text) > LONGEST_TEXT:
        raise _Refused(
            too_long,
            f"Its {what} has {len(text):,} characters; the limit is {LONGEST_TEXT}.",
        )


def _yes(text: str) -> bool:
    return text.strip().casefold() in YES


def _tidy(text: str) -> str:
    """Return a text on one line, without double spaces."""
    return " ".join(text.split())


def _source_key(name: str, start: str, place: str) -> str:
    """Return a digest that ignores capitalization and spacing."""
    parts = (unicodedata.normalize("NFKC", part).casefold() for part in (name, start, place))
    return "csv:" + sha256("\x1f".join(parts).encode()).hexdigest()[:32]
