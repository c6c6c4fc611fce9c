"""A series: copies of an event on other days, at the same local time."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from evently.database.clock import now
from evently.local_time import local_day, moved_by_days, wall_clock
from evently.transactions import run_in_transaction
from events.locks import EventNotFound
from events.models import Event
from events.operations.editing import COPIED, add_event, copy_rest, times_moved

MOST_COPIES = 200
WEEK = timedelta(days=7)


class Repeats(StrEnum):
    WEEKLY = "weekly"
    MONTHLY_BY_DAY = "monthly_by_day"
    MONTHLY_BY_WEEKDAY = "monthly_by_weekday"
    DATES = "dates"


@dataclass(frozen=True)
class Occurrence:
    """A day of a series. starts_at: None where it is left out; note: why, or what differs."""

    day: date | None
    starts_at: datetime | None
    note: str = ""


def days_of(start: date, *, repeats: Repeats, every: int, until: date) -> Iterator[date | str]:
    """Yield the days after a start, or a sentence for one that does not exist."""
    for number in range(1, MOST_COPIES * 2):
        day: date | str
        if repeats is Repeats.WEEKLY:
            day = start + number * every * WEEK
            month = day.replace(day=1)
        else:
            month = _month_after(start, number * every)
            day = _day_in(month, start, by_weekday=repeats is Repeats.MONTHLY_BY_WEEKDAY)
        if (day if isinstance(day, date) else month) > until:
            return
        yield day


def _month_after(start: date, months: int) -> date:
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _day_in(month: date, like: date, *, by_weekday: bool) -> date | str:
    """Return the day of a month with the same number, or the same weekday of the same week."""
    last = monthrange(month.year, month.month)[1]
    number = like.day
    if by_weekday:
        first = 1 + (like.weekday() - month.weekday()) % 7
        number = first + (like.day - 1) // 7 * 7
    if number <= last:
        return month.replace(day=number)
    if by_weekday:
        return f"{month:%B %Y} has no fifth {like:%A}."
    return f"{month:%B %Y} has no day {number}."


def occurrences_of(event: Event, days: Iterable[date | str]) -> list[Occurrence]:
    """Return what would be created on each day, and why some are left out."""
    at, own = now(), local_day(event.event_date, event.zone)
    seen: set[date] = {own}
    found: list[Occurrence] = []
    taken = set(
        Event.objects.filter(created_by_id=event.created_by_id, name=event.name).values_list(
            "event_date", flat=True
        )
    )
    for day in days:
        if isinstance(day, str):
            found.append(Occurrence(None, None, day))
            continue
        starts_at = moved_by_days(event.event_date, event.zone, (day - own).days)
        note = ""
        if day in seen:
            note = "The day of the event itself." if day == own else "Listed twice."
        elif starts_at <= at:
            note = "In the past."
        elif starts_at in taken:
            note = "An event of this name is already there."
        seen.add(day)
        if note:
            found.append(Occurrence(day, None, note))
            continue
        moved = wall_clock(starts_at, event.zone).time()
        usual = wall_clock(event.event_date, event.zone).time()
        if moved != usual:
            note = f"{usual:%H:%M} does not exist on this day, as clocks go forward."
        found.append(Occurrence(day, starts_at, note))
    return found


def copy_to_days(*, event_id: UUID, by_id: UUID, days: Iterable[date]) -> list[Event]:
    """Create a draft on each day, all or none; weekday apart, as `copy_event` does.

    Days that `occurrences_of` leaves out are left out. Its price rule is copied, switched off.
    by_id: the organizer of the copies. Raises EventNotFound, Invalid.
    """
    days = list(days)

    def work() -> list[Event]:
        original = Event.objects.filter(pk=event_id).first()
        if original is None:
            raise EventNotFound
        own = local_day(original.event_date, original.zone)
        return [
            _copy(original, by_id=by_id, days=(one.day - own).days)
            for one in occurrences_of(original, days)[:MOST_COPIES]
            if one.starts_at is not None and one.day is not None
        ]

    return run_in_transaction(work)


def _copy(original: Event, *, by_id: UUID, days: int) -> Event:
    at = now()
    fields = {name: getattr(original, name) for name in COPIED} | times_moved(original, days=days)
    for name in ("sales_end_at", "cancellation_deadline"):
        if fields[name] is not None and fields[name] <= at:
            fields[name] = None
    copy = add_event(by_id=by_id, **fields)
    copy_rest(original, copy)
    return copy
