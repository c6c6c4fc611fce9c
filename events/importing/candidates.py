"""Turns the rows of a CSV file into candidates, or refuses them with a reason and a message.

A refusal names the first problem of its row only.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from evently.local_time import AmbiguousTime, LocalTimeProblem
from evently.time_zones import TIME_ZONE_HINT, known_timezones
from events.importing.dates import (
    BOTH_ORDERS,
    Stamp,
    in_zone,
    moved_ahead,
    orders_of,
    read_stamp,
    read_time,
)
from events.importing.plan import Candidate, Plan, Refusal, Refused
from events.importing.reading import Row
from events.importing.texts import (
    LONGEST_TEXT,
    check_characters,
    check_name,
    check_place,
    is_yes,
    key_of,
    one_line,
    plain_text,
    shown_line,
)
from events.operations.validation import LAST_TYPED_YEAR

# An all-day event needs times as well.
DAY_STARTS = time(9)
DAY_ENDS = time(18)
DAY = timedelta(days=1)
ONLINE = "Online"
# Outlook's words for what only those invited may see, in English and German.
CLOSED = frozenset({"private", "personal", "confidential", "privat", "persönlich", "vertraulich"})


@dataclass(frozen=True)
class _Span:
    """When the event of a row takes place, in local time."""

    day: date
    starts: time
    last_day: date | None
    ends: time | None


def candidate_of(row: Row, plan: Plan) -> Candidate | Refusal:
    """Return the candidate or refusal for a row, regardless of other rows and existing events."""
    name = " ".join(row.get("subject").split())
    try:
        return _candidate(row, plan, name)
    except Refused as refused:
        return Refusal(row.line, name[:LONGEST_TEXT], refused.reason, refused.message)


def _candidate(row: Row, plan: Plan, name: str) -> Candidate:
    if row.problem:
        raise Refused("bad_row", row.problem)
    if is_yes(row.get("private")) or row.get("sensitivity").casefold() in CLOSED:
        raise Refused(
            "private", "It is marked as private or confidential. Remove the mark to import it."
        )
    written = name
    name = shown_line(name)
    check_name(name)
    place = shown_line(_place_of(row, plan))
    zone = _zone_of(row, plan)
    span = _span_of(row, plan)
    first_day = span.day.isoformat()
    moved = False
    starts_at, ends_at = _times(span, zone, timedelta(0))
    if starts_at <= plan.now:
        if not plan.shift_dates:
            raise Refused("past", f"It started on {first_day}.")
        ahead = moved_ahead(span.day, after=plan.now.astimezone(zone).date())
        starts_at, ends_at = _times(span, zone, ahead - span.day)
        moved = True
    description = _description_of(row, plan)
    check_characters(name, place, description)
    # From what is in the file, so that it is the same whether or not the event was moved, and
    # whichever venue stands in for a missing one.
    where = " ".join(row.get("location").split()) or (ONLINE if _is_online(row) else "")
    return Candidate(
        line=row.line,
        name=name,
        source_key=key_of("csv", written, f"{first_day}T{span.starts:%H:%M}", where),
        moved=moved,
        columns={
            "name": name,
            "venue": place,
            "description": description,
            "event_date": starts_at,
            "ends_at": ends_at,
            "timezone": zone.key,
        },
    )


def _zone_of(row: Row, plan: Plan) -> ZoneInfo:
    written = row.get("time zone")
    if written and written not in known_timezones():
        raise Refused("bad_zone", f"“{written[:40]}” is not a time zone. {TIME_ZONE_HINT}")
    return ZoneInfo(written or plan.timezone)


def _span_of(row: Row, plan: Plan) -> _Span:
    first = _stamp_in(row, "start date", plan)
    if first is None:
        raise Refused("no_date", "It has no start date.")
    last = _stamp_in(row, "end date", plan)
    starts = _one_time(first, row, "start date", "start time")
    ends = _one_time(last, row, "end date", "end time")
    day, last_day = first.day, last.day if last else None
    if last_day is not None and last_day < day:
        raise Refused("ends_before_start", f"It ends on {last_day}, but starts on {day}.")
    if is_yes(row.get("all day event")):
        # Outlook ends whole days at midnight of the next one.
        if last_day is not None and last_day > day and ends == time(0):
            last_day -= DAY
        starts = ends = None
    if starts is None:
        starts, ends = DAY_STARTS, ends or DAY_ENDS
        last_day = last_day or day
    if ends is not None and last_day is None:
        # An end time without a date that is before the start is on the next day.
        last_day = day if _wall(ends) >= _wall(starts) else day + DAY
    if ends is None and last_day is not None and last_day > day:
        ends = DAY_ENDS
    if last_day == day and ends is not None and _same_offset(starts, ends) and ends < starts:
        raise Refused(
            "ends_before_start", f"It ends at {ends:%H:%M}, but starts at {starts:%H:%M}."
        )
    return _Span(day, starts, last_day, ends)


def _wall(clock: time) -> time:
    return clock.replace(tzinfo=None)


def _same_offset(one: time, other: time) -> bool:
    return one.utcoffset() == other.utcoffset()


def _times(span: _Span, zone: ZoneInfo, ahead: timedelta) -> tuple[datetime, datetime | None]:
    try:
        starts_at = in_zone(span.day + ahead, span.starts, zone)
        if span.ends is None or span.last_day is None:
            return starts_at, None
        ends_at = in_zone(span.last_day + ahead, span.ends, zone)
    except LocalTimeProblem as problem:
        raise no_such_time(problem) from problem
    if ends_at < starts_at:
        raise Refused("ends_before_start", "It ends before it starts.")
    return starts_at, ends_at


def no_such_time(problem: LocalTimeProblem) -> Refused:
    hint = ""
    if isinstance(problem, AmbiguousTime):
        hint = " Write the time with its offset, such as 02:30+02:00."
    return Refused("no_such_time", f"{problem.text}{hint}")


def _stamp_in(row: Row, column: str, plan: Plan) -> Stamp | None:
    text = row.get(column)
    if not text:
        return None
    stamp = read_stamp(text, plan.day_order)
    if stamp is None or not 1900 <= stamp.day.year <= LAST_TYPED_YEAR:
        raise Refused(
            "bad_date", f"“{text[:40]}” in “{column.title()}” is not a date. {_hint(text, plan)}"
        )
    return stamp


def _hint(text: str, plan: Plan) -> str:
    orders = orders_of(text)
    if orders and plan.day_order is not None and plan.day_order not in orders:
        order = plan.day_order.replace("_", " ")
        return f"The dates of this file are read as {order}; correct this one."
    if orders == BOTH_ORDERS:
        return "It can be read as day first or as month first: choose which."
    return "Use a format such as 2026-11-30, with the time behind it if you like."


def _one_time(stamp: Stamp | None, row: Row, date_column: str, column: str) -> time | None:
    """Return the time of a moment, from its own column or from behind its date."""
    text = row.get(column)
    beside = stamp.clock if stamp else None
    if not text:
        return beside
    clock = read_time(text)
    if clock is None:
        raise Refused(
            "bad_time",
            f"“{text[:40]}” in “{column.title()}” is not a time. "
            "Use a format such as 19:30 or 7:30 PM.",
        )
    if beside is None:
        return clock
    if _wall(beside) != _wall(clock):
        raise Refused(
            "two_times",
            f"“{date_column.title()}” says {beside:%H:%M}, but “{column.title()}” {clock:%H:%M}.",
        )
    return beside if beside.tzinfo is not None else clock


def _place_of(row: Row, plan: Plan) -> str:
    place = one_line(row.get("location"))
    if not place and _is_online(row):
        return ONLINE
    place = place or one_line(plan.venue)
    check_place(place)
    return place


def _description_of(row: Row, plan: Plan) -> str:
    """Return the description, with the columns below it that are to be kept."""
    kept = {name.casefold() for name in plan.kept_columns}
    facts = [f"{title}: {text}" for title, text in row.extras.items() if title.casefold() in kept]
    if row.get("location") and _is_online(row):
        facts.append("Also online")
    text = plain_text(row.get("description"))
    return "\n\n".join(part for part in (text, "\n".join(facts)) if part)


def _is_online(row: Row) -> bool:
    return is_yes(row.get("online"))
