"""The format of amounts, times and counts, on pages, in the admin, in emails and in the inbox.

All return plain text; templates use the same functions through the filters in
`evently/templatetags/formatting.py`.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

# Currencies whose symbol is unambiguous on a page.
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
MISSING = "–"
MINUTES_PER_DAY = 24 * 60


def money(amount: Decimal | None, currency: str) -> str:
    """Return an amount with its currency code: "1,280.00 EUR"."""
    return f"{amount or Decimal(0):,.2f} {currency}"


def money_with_symbol(amount: Decimal, currency: str) -> str:
    """Return an amount as pages show it to attendees: "€1,280.00", "1,280.00 CHF"."""
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{amount:,.2f}" if symbol else money(amount, currency)


def moment(at: datetime | None, zone: ZoneInfo, *, with_zone: bool = True) -> str:
    """Return a time in a time zone: "Fri 4 Dec 2026, 20:00 CET"; a dash for None."""
    if at is None:
        return MISSING
    local = at.astimezone(zone)
    text = f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    return f"{text} {local:%Z}" if with_zone else text


def moment_in_words(at: datetime, zone: ZoneInfo) -> str:
    """Return a time for use inside a sentence: "Friday 4 December, 20:00 (CET)"."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B, %H:%M} ({local:%Z})"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 seat", "1,200 seats".

    plural: where it is not the noun with an s, as in `counted(n, "person", "people")`.
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"


def seats(number: int) -> str:
    """Return a number of seats: "1 seat", "3 seats"."""
    return counted(number, "seat")


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
