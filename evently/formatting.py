"""The format of amounts, times and counts, on pages, in the admin, in emails and in the inbox.

All return plain text; templates use the same functions through the filters in
`evently/templatetags/formatting.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from evently.currencies import in_decimals
from evently.time_zones import place_of

# Currencies whose symbol is unambiguous.
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
MISSING = "–"
MINUTES_PER_DAY = 24 * 60
# An end before this time belongs to the evening before, so its date is not needed.
SMALL_HOURS = time(5)


def money(amount: Decimal | None, currency: str) -> str:
    """Return an amount in its currency, with its decimals: "€1,280.00", "1,280 JPY"."""
    exact = in_decimals(amount or Decimal(0), currency)
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{exact:,f}" if symbol else f"{exact:,f} {currency}"


def as_list(parts: Sequence[str]) -> str:
    """Return parts as a list in a sentence: "a, b and c"."""
    *most, last = parts or [""]
    return f"{', '.join(most)} and {last}" if most else last


def months(days: Iterable[date]) -> str:
    """Return months in a sentence, those in a row together: "May 2024 and July to August 2025"."""
    runs: list[list[date]] = []
    for day in sorted({day.replace(day=1) for day in days}):
        if runs and day == (runs[-1][-1] + timedelta(days=31)).replace(day=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return as_list([_run_of_months(run[0], run[-1]) for run in runs])


def _run_of_months(first: date, last: date) -> str:
    if first == last:
        return f"{last:%B %Y}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first:%B}{year} to {last:%B %Y}"


def moment(at: datetime | None, zone: ZoneInfo, *, with_zone: bool = True) -> str:
    """Return a time in a time zone: "Fri 4 Dec 2026, 20:00 CET"; a dash for None."""
    # In UTC, as the two times of an hour that clocks show twice are equal in their own zone.
    return MISSING if at is None else _moment(at.astimezone(UTC), zone, with_zone)


# The same few times stand in many emails and on many pages.
@lru_cache(maxsize=1024)
def _moment(at: datetime, zone: ZoneInfo, with_zone: bool) -> str:
    local = at.astimezone(zone)
    text = f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    return f"{text} {local:%Z}" if with_zone else text


def own_time(at: datetime, zone: ZoneInfo, own_zone: ZoneInfo | None) -> str:
    """Return what a time is for a reader in a time zone of their own: "02:00 for you in Berlin".

    With the day where that is another one there: "Thu 3 Dec, 23:00 for you in Lisbon". Empty where
    clocks show the same in both time zones, and for None.
    """
    if own_zone is None:
        return ""
    here, there = at.astimezone(own_zone), at.astimezone(zone)
    if here.utcoffset() == there.utcoffset():
        return ""
    day = "" if here.date() == there.date() else f"{here:%a} {here.day} {here:%b}, "
    return f"{day}{here:%H:%M} for you in {place_of(own_zone)}"


def moment_for(at: datetime, zone: ZoneInfo, own_zone: ZoneInfo | None) -> str:
    """Return a time as `moment`, and what it is in the reader's own time zone.

    "Fri 4 Dec 2026, 14:00 NZDT (02:00 for you in Berlin)".
    """
    own = own_time(at, zone, own_zone)
    return f"{moment(at, zone)} ({own})" if own else moment(at, zone)


def needs_end_date(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the end of a span must be given with its date, in a time zone.

    It must where it is on another day than the start; a night that ends in the small hours stays
    short: "20:00 to 02:00".
    """
    first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (start, end))
    if first.date() == last.date():
        return False
    is_one_night = last - first < timedelta(days=1) and last.time() < SMALL_HOURS
    return not is_one_night


def span(start: datetime, end: datetime | None, zone: ZoneInfo) -> str:
    """Return from when to when something lasts: "Fri 4 Dec 2026, 20:00 to 23:00 CET".

    Where it ends on another day: "Thu 1 Jul 2027, 10:00 to Sun 4 Jul 2027, 23:00 CEST".
    """
    if end is None or end == start:
        return moment(start, zone)
    changes_zone = f"{start.astimezone(zone):%Z}" != f"{end.astimezone(zone):%Z}"
    last = moment(end, zone)
    if not needs_end_date(start, end, zone):
        last = f"{end.astimezone(zone):%H:%M %Z}"
    return f"{moment(start, zone, with_zone=changes_zone)} to {last}"


def day_and_time(at: datetime, zone: tzinfo, *, now: datetime) -> str:
    """Return a time as lists show it: "Thu 12 Jun, 19:30", with the year where it is another."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}{_other_year(local, now)}, {local:%H:%M}"


def day_and_time_in_full(at: datetime, zone: tzinfo) -> str:
    """Return a time as pages about one event show it: "Thursday 12 June 2025, 19:30"."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def in_style(at: datetime, zone: tzinfo, *, style: str, now: datetime) -> str:
    """Return a time in one of the styles of `{% when %}` (evently/templatetags/components.py)."""
    local = at.astimezone(zone)
    if style == "day":
        return f"{local:%a} {local.day} {local:%B}{_other_year(local, now)}"
    if style == "time":
        return f"{local:%H:%M}"
    if style == "clock":
        return clock_time(at, zone)
    return day_and_time(at, zone, now=now) if style == "short" else day_and_time_in_full(at, zone)


def _other_year(local: datetime, now: datetime) -> str:
    return "" if local.year == now.astimezone(local.tzinfo).year else f" {local.year}"


def clock_time(at: datetime, zone: tzinfo) -> str:
    """Return the time of a moment that is today: "16:48 CET"."""
    return f"{at.astimezone(zone):%H:%M %Z}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 seat", "1,200 seats".

    plural: where it is not the noun with an s, as in `counted(n, "person", "people")`.
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"


def seats(number: int) -> str:
    """Return a number of seats: "1 seat", "3 seats"."""
    return counted(number, "seat")


def as_sentence(text: str) -> str:
    """Return a text that a person typed, with a full stop where it has no ending."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def times(number: int) -> str:
    """Return how often something happened: "once", "3 times"."""
    return "once" if number == 1 else f"{number:,} times"


def duration(length: timedelta) -> str:
    """Return a duration to the minute: "7 days", "1 hour", "2 hours 15 minutes"."""
    total = int(length / timedelta(minutes=1))
    hours, rest = divmod(total % MINUTES_PER_DAY, 60)
    parts = ((total // MINUTES_PER_DAY, "day"), (hours, "hour"), (rest, "minute"))
    words = [counted(number, unit) for number, unit in parts if number]
    return " ".join(words) or "less than a minute"
