"""Parses dates and times as calendars and spreadsheets write them, and moves past ones ahead.

"05/06/2027" is the 5th of June or the 6th of May. Each file has one order; `orders_of` tells which
orders a date allows, so that a file can prove its own.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from evently.local_time import moment_of

WEEK = timedelta(days=7)


class DayOrder(StrEnum):
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


BOTH_ORDERS = frozenset(DayOrder)

YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
)
COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
DOTTED = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4}|\d{2})")
EITHER_ORDER = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[-/])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})"
)
DAY_AND_WORD = re.compile(
    r"(?:\w+\.?,?\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[\s-]*(?P<word>[^\W\d]{3,})\.?,?[\s-]+(?P<year>\d{4})"
)
WORD_AND_DAY = re.compile(
    r"(?:\w+\.?,?\s+)?(?P<word>[^\W\d]{3,})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})"
)
PATTERNS = (YEAR_FIRST, COMPACT, DOTTED, EITHER_ORDER, DAY_AND_WORD, WORD_AND_DAY)
MONTHS = (
    ("january", "januar", "jän"),
    ("february", "februar"),
    ("march", "märz", "mrz"),
    ("april",),
    ("may", "mai"),
    ("june", "juni"),
    ("july", "juli"),
    ("august",),
    ("september", "sept"),
    ("october", "oktober"),
    ("november",),
    ("december", "dezember"),
)
CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap])?\.?(?:m\.?)?\s*(?P<offset>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
COMPACT_CLOCK = re.compile(
    r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?P<half>)(?P<offset>Z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True)
class Stamp:
    """A date, and the time that is written beside it, if any; the time may have an offset."""

    day: date
    clock: time | None = None


def read_stamp(text: str, order: DayOrder | None = None) -> Stamp | None:
    """Parse a date with or without a time; None for what is neither.

    order: of dates such as 05/06/2027; without one, those that allow both are not read.
    """
    found = _split(text)
    if found is None:
        return None
    match, rest = found
    clock = None
    if rest:
        clock = read_time(rest)
        if clock is None:
            return None
    day = _day_of(match, order)
    if day is None:
        return None
    # What spreadsheets write behind a date without a time.
    if clock is not None and clock == time(0) and clock.tzinfo is None:
        clock = None
    return Stamp(day, clock)


def orders_of(text: str) -> frozenset[DayOrder] | None:
    """Return the orders in which a date exists; None where its order is clear, or it is no date."""
    found = _split(text)
    if found is None or found[0].re is not EITHER_ORDER:
        return None
    return frozenset(order for order in DayOrder if _day_of(found[0], order) is not None)


def _split(text: str) -> tuple[re.Match[str], str] | None:
    """Return the match of the date that a text begins with, and what follows it."""
    text = text.strip()
    for pattern in PATTERNS:
        match = pattern.match(text)
        if match is None:
            continue
        rest = text[match.end() :]
        if not rest:
            return match, ""
        if rest[0] in "Tt ," and rest[1:].strip():
            return match, rest[1:].strip()
    return None


def _day_of(match: re.Match[str], order: DayOrder | None) -> date | None:
    year = int(match["year"])
    year += 2000 if year < 100 else 0
    if match.re is EITHER_ORDER:
        one, two = int(match["one"]), int(match["two"])
        if order is None:
            # The same date either way, such as 05/05/2027.
            return _date(year, one, two) if one == two else None
        return _date(year, two, one) if order == DayOrder.DAY_FIRST else _date(year, one, two)
    if "word" in match.re.groupindex:
        return _date(year, _month_of(match["word"]), int(match["day"]))
    return _date(year, int(match["month"]), int(match["day"]))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month_of(word: str) -> int:
    """Return the number of a month, which may be shortened to three letters; else 0."""
    word = word.casefold()
    for number, names in enumerate(MONTHS, start=1):
        if any(name.startswith(word) for name in names):
            return number
    return 0


def read_time(text: str) -> time | None:
    """Parse 19:30, 7:30 PM, 7 pm, 19.30, 19h30, 1930 or 19:30+02:00; else None."""
    text = text.strip()
    match = COMPACT_CLOCK.fullmatch(text) or CLOCK.fullmatch(text)
    if match is None or (match["minute"] is None and not match["half"]):
        return None
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        clock = time(hour, int(match["minute"] or 0))
        offset = (match["offset"] or "").upper()
        if offset:
            zero = offset in {"Z", "UTC", "GMT"}
            padded = "+0000" if zero else offset + ("00" if len(offset) == 3 else "")
            return clock.replace(tzinfo=datetime.strptime(padded, "%z").tzinfo)
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
