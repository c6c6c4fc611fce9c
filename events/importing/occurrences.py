"""Turns the entries of a calendar into candidates: one for each date of a series.

Dates of a series are computed within limits: two years ahead, a number of dates, and seconds of
computing, as a rule may ask for more than any calendar is meant to hold.
"""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from evently.local_time import LocalTimeProblem, moment_of
from events.importing.calendars import DEFINED, Calendar, Entry, known_zone, text_of
from events.importing.candidates import DAY_ENDS, DAY_STARTS, no_such_time
from events.importing.dates import moved_ahead
from events.importing.plan import Candidate, Plan, Refusal, Refused
from events.importing.texts import (
    LONGEST_TEXT,
    check_characters,
    check_name,
    check_place,
    key_of,
    one_line,
    plain_text,
    shown_line,
)
from events.operations.validation import LAST_TYPED_YEAR

AHEAD = timedelta(days=731)
BEYOND = timedelta(days=366)
MOST_DATES = 750
SECONDS_PER_SERIES = 10.0
DAY = timedelta(days=1)
TOO_OFTEN = frozenset({"HOURLY", "MINUTELY", "SECONDLY"})
MOST_TIMES_A_DAY = 24
CLOSED = frozenset({"PRIVATE", "CONFIDENTIAL"})


class _TakesTooLong(Exception):
    pass


def candidates_of(calendar: Calendar, plan: Plan) -> Iterator[Candidate | Refusal]:
    """Yield a candidate or refusal for each entry, or for each date of a recurring one."""
    for group in calendar.entries.values():
        first = group[0]
        try:
            yield from _Group(group, calendar, plan).outcomes()
        except Refused as refused:
            yield Refusal(first.line, _name_in(first.text), refused.reason, refused.message)


class _Group:
    """The entries of one UID: an event, or a series with the dates that differ from it."""

    def __init__(self, entries: list[Entry], calendar: Calendar, plan: Plan) -> None:
        self.entries, self.plan = entries, plan
        self.line, self.uid = entries[0].line, entries[0].uid
        try:
            parsed = icalendar.Calendar.from_ical(text_of(entries, calendar.zones))
            self.components = list(parsed.walk("VEVENT"))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise Refused("unreadable", "The entry is not valid iCalendar.") from error
        self.parsed = parsed

    def outcomes(self) -> Iterator[Candidate | Refusal]:
        if any(name in one for one in self.components for name in ("RRULE", "RDATE")):
            yield from self._series()
            return
        for entry, component in zip(self.entries, self.components, strict=True):
            occurrence = "RECURRENCE-ID" in component
            yield self._outcome(component, self._key(component) if occurrence else "", entry.line)

    def _series(self) -> Iterator[Candidate | Refusal]:
        now = self.plan.now
        try:
            self._check_rules()
            with _seconds(SECONDS_PER_SERIES):
                query = recurring_ical_events.of(self.parsed)
                found = query.between(now, now + AHEAD)
                more = query.between(now + AHEAD, now + AHEAD + BEYOND)
        except Refused:
            raise
        except _TakesTooLong as error:
            raise Refused("too_often", "Its dates take too long to compute.") from error
        except Exception as error:  # whatever a rule from a file makes the library stumble over
            raise Refused("unreadable", "Its rule of repetition cannot be read.") from error
        found = [one for one in found if self._is_ahead(one)]
        found.sort(key=lambda one: _sortable(one.start))
        if not found:
            raise Refused("past", "It has no dates within the next two years.")
        a_day: Counter[str] = Counter()
        for one in found[:MOST_DATES]:
            day = self._key(one)
            a_day[day] += 1
            # Several on one day are told apart by their order.
            number = f"#{a_day[day]}" if a_day[day] > 1 else ""
            yield self._outcome(one, day + number, self.line)
        if more or len(found) > MOST_DATES:
            last = found[:MOST_DATES][-1].start
            yield Refusal(
                self.line,
                _name_of(found[0]),
                "later_dates",
                f"Its dates after {_day_of(last)} are too far ahead. Import the file again later: "
                "what has been imported is not imported twice.",
            )

    def _is_ahead(self, one: Any) -> bool:
        start = one.start
        if isinstance(start, datetime):
            return _sortable(start) > self.plan.now
        return start > self.plan.now.date()

    def _check_rules(self) -> None:
        for component in self.components:
            rules = component.get("RRULE", [])
            for rule in rules if isinstance(rules, list) else [rules]:
                often = 1
                for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
                    often *= max(1, len(rule.get(part, [])))
                if often > MOST_TIMES_A_DAY or TOO_OFTEN & set(rule.get("FREQ", [])):
                    raise Refused("too_often", "It repeats many times a day.")

    def _key(self, component: Any) -> str:
        """Return the day that an occurrence had before it was moved."""
        recurrence = component.get("RECURRENCE-ID")
        return _day_of(recurrence.dt if recurrence is not None else component.start)

    def _outcome(self, component: Any, occurrence: str, line: int) -> Candidate | Refusal:
        try:
            return self._candidate(component, occurrence, line)
        except Refused as refused:
            return Refusal(line, _name_of(component), refused.reason, refused.message)

    def _candidate(self, component: Any, occurrence: str, line: int) -> Candidate:
        if str(component.get("CLASS", "")).strip().upper() in CLOSED:
            raise Refused(
                "private", "It is marked as private or confidential. Remove the mark to import it."
            )
        if str(component.get("STATUS", "")).strip().upper() == "CANCELLED":
            raise Refused(
                "cancelled",
                "It is cancelled in the file. If it was imported before, cancel it here, too.",
            )
        name = shown_line(" ".join(_text(component, "SUMMARY").split()))
        check_name(name)
        place = shown_line(one_line(_text(component, "LOCATION")) or one_line(self.plan.venue))
        check_place(place)
        description = plain_text(_text(component, "DESCRIPTION"))
        check_characters(name, place, description)
        starts_at, ends_at, zone = self._times(component)
        moved = False
        if starts_at <= self.plan.now:
            if not self.plan.shift_dates or occurrence:
                raise Refused("past", f"It started on {starts_at.astimezone(zone).date()}.")
            starts_at, ends_at = _moved(starts_at, ends_at, zone, self.plan.now)
            moved = True
        if self.uid:
            key = key_of("ical", self.uid, occurrence)
        else:
            key = key_of("ical", name, starts_at.isoformat(), place)
        return Candidate(
            line=line,
            name=name,
            source_key=key,
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

    def _times(self, component: Any) -> tuple[datetime, datetime | None, ZoneInfo]:
        if component.get("DTSTART") is None:
            raise Refused("no_date", "It has no valid start date.")
        zone = self._zone(component)
        try:
            start = component.start
            end = component.end if {"DTEND", "DURATION"} & set(component) else None
        except (ValueError, TypeError, AttributeError, icalendar.InvalidCalendar) as error:
            raise Refused("bad_date", "Its start and end do not fit together.") from error
        if not isinstance(start, datetime):
            return self._whole_days(start, end, zone)
        starts_at = self._moment(start, zone)
        ends_at = self._moment(end, zone) if isinstance(end, datetime) else None
        if not 1900 <= starts_at.year <= LAST_TYPED_YEAR:
            raise Refused("bad_date", f"Its year is {starts_at.year}.")
        if ends_at is not None and ends_at < starts_at:
            raise Refused("ends_before_start", "It ends before it starts.")
        return starts_at, None if ends_at == starts_at else ends_at, zone

    def _whole_days(
        self, start: date, end: date | None, zone: ZoneInfo
    ) -> tuple[datetime, datetime, ZoneInfo]:
        """Return the times of an all-day event, whose end is the day after its last."""
        last = max(start, end - DAY) if end is not None else start
        return self._local(start, DAY_STARTS, zone), self._local(last, DAY_ENDS, zone), zone

    def _local(self, day: date, clock: time, zone: ZoneInfo) -> datetime:
        try:
            return moment_of(datetime.combine(day, clock), zone)
        except LocalTimeProblem as problem:
            raise no_such_time(problem) from problem

    def _moment(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Return a moment; a time without a zone is local in the zone of the event.

        Of a time that exists twice, the first is meant (RFC 5545, 3.3.5); one that does not exist
        is refused, unless it is a date of a series.
        """
        if at.tzinfo is not None:
            wall = at.replace(tzinfo=None)
            if not isinstance(at.tzinfo, ZoneInfo) or self._repeats:
                return at.astimezone(UTC)
            zone, at = at.tzinfo, wall
        try:
            return moment_of(at, zone, fold=0)
        except LocalTimeProblem as problem:
            raise no_such_time(problem) from problem

    @property
    def _repeats(self) -> bool:
        return any(name in one for one in self.components for name in ("RRULE", "RDATE"))

    def _zone(self, component: Any) -> ZoneInfo:
        """Return the zone in which the event is shown: its own, its calendar's, or the plan's."""
        start = component["DTSTART"]
        named = str(start.params.get("TZID", ""))
        own = known_zone(named) if named else None
        if named and own is None and not named.startswith(DEFINED):
            raise Refused("bad_zone", f"“{named[:40]}” is not a known time zone.")
        others = (self.entries[0].calendar_zone, self.plan.timezone, self.entries[0].zone)
        shown = next((other for other in others if other), own)
        # Times in UTC say when an event is, not where.
        return ZoneInfo(own if own and own != "UTC" else shown or "UTC")


def _moved(
    starts_at: datetime, ends_at: datetime | None, zone: ZoneInfo, now: datetime
) -> tuple[datetime, datetime | None]:
    local = starts_at.astimezone(zone)
    day = moved_ahead(local.date(), after=now.astimezone(zone).date())
    try:
        start = moment_of(datetime.combine(day, local.time()), zone)
    except LocalTimeProblem as problem:
        raise no_such_time(problem) from problem
    return start, start + (ends_at - starts_at) if ends_at is not None else None


def _text(component: Any, name: str) -> str:
    value = component.get(name, "")
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _name_of(component: Any) -> str:
    return " ".join(_text(component, "SUMMARY").split())[:LONGEST_TEXT]


def _name_in(text: str) -> str:
    line = next((one for one in text.splitlines() if one.upper().startswith("SUMMARY")), "")
    return line.partition(":")[2].strip()[:LONGEST_TEXT]


def _day_of(at: date) -> str:
    return (at.date() if isinstance(at, datetime) else at).isoformat()


def _sortable(at: date) -> datetime:
    if not isinstance(at, datetime):
        return datetime.combine(at, time(0), tzinfo=UTC)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


@contextmanager
def _seconds(limit: float) -> Iterator[None]:
    """Stop a computation after some seconds; only the main thread of a process can be stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise _TakesTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
