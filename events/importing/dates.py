"""Parses dates and times as calendars and spreadsheets write them, and moves past ones ahead."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from evently.local_time import moment_of

WEEK = timedelta(days=7)

ISO = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})")
AMERICAN = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d{2})")
GERMAN = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")
CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?(?:[:.](?P<second>\d{2})(?:\.\d+)?)?"
    r"\s*(?P<half>[ap])?\.?(?:m\.?)?\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)


def read_date(text: str) -> date | None:
    """Parse 2026-11-30, 11/30/2026 (month first, as Google writes it) or 30.11.2026; else None."""
    text = re.sub(r"[T ]\d{1,2}:\d{2}(:\d{2})?.*\Z", "", text.strip())
    for pattern in (ISO, AMERICAN, GERMAN):
        match = pattern.fullmatch(text)
        if match is None:
            continue
        year, month, day = (int(match[part]) for part in ("year", "month", "day"))
        try:
            return date(year + 2000 if year < 100 else year, month, day)
        except ValueError:
            return None
    return None


def read_time(text: str) -> time | None:
    """Parse 19:30, 7:30 PM, 7 pm, 19.30 or 19:30+02:00; else None."""
    match = CLOCK.fullmatch(text.strip())
    if match is None or (match["minute"] is None and match["half"] is None):
        return None
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        clock = time(hour, int(match["minute"] or 0))
        if match["offset"]:
            at = datetime.strptime(match["offset"].upper(), "%z")
            return clock.replace(tzinfo=at.tzinfo)
        return clock
    except ValueError:
        return None


def moved_ahead(day: date, *, after: date) -> date:
    """Return a day moved by whole years until it is after another; season and weekday stay.

    Deterministic: the same two days always give the same result.
    """
    years = max(0, after.year - day.year)
    while True:
        moved = _same_weekday(day, day.year + years)
        if moved > after:
            return moved
        years += 1


def _same_weekday(day: date, year: int) -> date:
    """Return the day of another year that is nearest to this one and has its weekday."""
    try:
        there = day.replace(year=year)
    except ValueError:  # the 29th of February
        there = date(year, 2, 28)
    ahead = (day.weekday() - there.weekday()) % 7
    return there + timedelta(days=ahead) - (WEEK if ahead > 3 else timedelta(0))


def in_zone(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the moment of a local time, or of one with an offset.

    Raises LocalTimeProblem for a time that does not exist in the zone, or exists twice.
    """
    if clock.tzinfo is not None:
        return datetime.combine(day, clock)
    return moment_of(datetime.combine(day, clock), zone)
