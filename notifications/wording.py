"""How times, seats and money are said in messages and mails."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from events.models import Event


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Say a moment in a time zone: "Fri 4 Dec 2026, 20:00 CET"."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local:%Z}"


def starts(event: Event) -> str:
    """Say when an event starts, in its own time zone."""
    return moment(event.event_date, event.zone)


def seats(quantity: int) -> str:
    """Say how many seats."""
    return "1 seat" if quantity == 1 else f"{quantity} seats"


def money(amount: Decimal, currency: str) -> str:
    """Say an amount: "2,499.00 EUR"."""
    return f"{amount:,.2f} {currency}"


def minutes(count: int) -> str:
    """Say a length of time, coarsely: "45 minutes", "3 hours", "2 hours 15 minutes"."""
    hours, rest = divmod(count, 60)
    parts = [
        f"{number} {unit}" if number == 1 else f"{number} {unit}s"
        for number, unit in ((hours, "hour"), (rest, "minute"))
        if number
    ]
    return " ".join(parts) or "less than a minute"
