"""Figures as pages show them: their age, the funnel, offers, and what became of refused people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from boxoffice.figures.lost_demand import Outcome, Refused
from evently.formatting import MISSING, counted, duration, moment, money

# What attempts were refused for, by the code of the refusal.
REASONS = {
    "sold_out": "Sold out",
    "waitlist_first": "Held for the waitlist",
    "price_changed": "Price increased",
    "sales_closed": "Sales closed",
    "person_limit": "Limit per person reached",
    "booking_limit": "Limit per booking exceeded",
    "event_busy": "Event was busy",
    "guest_limit": "Many guests from one network",
    "rebooking_limit": "Booked and cancelled too often",
    "price_required": "Price missing",
    "invalid": "Invalid request",
}
OUTCOMES = {
    Outcome.LOST: "Lost",
    Outcome.JOINED: "Joined the waitlist",
    Outcome.BOOKED: "Booked later",
}
FUNNEL = ("page_views", "checkouts", "bookings")
OFFERS = {
    "promotions_made": "Made",
    "promotions_used": "Accepted",
    "promotions_declined": "Declined",
    "promotions_expired": "Expired",
}


def age_text(until: datetime | None, zone: ZoneInfo, *, at: datetime) -> str:
    """Return a sentence on how old figures are. until: when they were rolled up, None for never."""
    if until is None:
        return (
            "No figures have been rolled up yet. That happens every few minutes while the "
            "background worker runs."
        )
    return f"Figures until {moment(until, zone)}, {duration(max(at - until, at - at))} ago."


def lost_age_text(until: datetime | None, zone: ZoneInfo, *, at: datetime) -> str:
    """Return a sentence on how far lost demand is counted; None for never."""
    if until is None:
        return "Lost demand has not been counted in full yet."
    ago = duration(max(at - until, at - at))
    return f"Lost demand is counted until {moment(until, zone)}, {ago} ago."


def reason_text(code: str) -> str:
    return REASONS.get(code, code.replace("_", " ").capitalize())


# ── The funnel ──────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Step:
    """A step of the funnel. share: of the largest step, in percent. conversion: from the last."""

    label: str
    number: str
    share: int
    conversion: str


def funnel(sums: Mapping[str, Decimal], labels: Mapping[str, str]) -> list[Step]:
    """Return the steps from view to booking; empty without any.

    A conversion over 100% tells that bookings were made without the step before, so it is not
    given.
    """
    numbers = [int(sums.get(name, 0)) for name in FUNNEL]
    most = max(numbers)
    if not most:
        return []
    before = [0, *numbers]
    return [
        Step(labels[name], f"{number:,}", round(100 * number / most), _conversion(number, last))
        for name, number, last in zip(FUNNEL, numbers, before, strict=False)
    ]


def _conversion(number: int, before: int) -> str:
    if not before or number > before:
        return MISSING
    percent = 100 * number / before
    return f"{percent:.1f}%" if percent < 10 else f"{percent:.0f}%"


# ── Refused people ──────────────────────────────────────────────────────────
def lost_by_reason(refused: Iterable[Refused]) -> list[dict[str, Any]]:
    """Return lost demand by reason, most people first. share: of the first, in percent."""
    sums: dict[str, list[Refused]] = {}
    for row in refused:
        if row.outcome is Outcome.LOST:
            sums.setdefault(row.reason, []).append(row)
    people = {reason: sum(row.people for row in rows) for reason, rows in sums.items()}
    most = max(people.values(), default=0)
    return [
        {
            "reason": reason_text(reason),
            "people": people[reason],
            "seats": sum(row.seats for row in sums[reason]),
            "value": value_text(sums[reason]),
            "share": round(100 * people[reason] / most),
        }
        for reason in sorted(people, key=lambda reason: (-people[reason], reason))
    ]


def value_text(rows: Sequence[Refused]) -> str:
    """Return what seats are worth in each currency: "€1,280.00 + CHF 40.00"; a dash for nothing."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.value
    paid = sorted(((value, currency) for currency, value in sums.items() if value), reverse=True)
    return " + ".join(money(value, currency) for value, currency in paid) or MISSING


def outcomes(refused: Sequence[Refused]) -> list[dict[str, Any]]:
    """Return what became of everyone who was refused; empty if no one was."""
    people = {
        outcome: sum(row.people for row in refused if row.outcome is outcome)
        for outcome in OUTCOMES
    }
    total = sum(people.values())
    if not total:
        return []
    shown, x = [], 0.0
    for outcome, number in people.items():
        width = 100 * number / total
        shown.append(
            {
                "label": OUTCOMES[outcome],
                "people": number,
                "percent": round(width),
                "kind": outcome.value,
                "x": f"{x:.2f}",
                "width": f"{width:.2f}",
            }
        )
        x += width
    return shown


def lost_summary(refused: Iterable[Refused]) -> str:
    """Return lost demand in a sentence: "12 people, 20 seats, worth €400.00."."""
    lost = [row for row in refused if row.outcome is Outcome.LOST]
    if not lost:
        return "No lost demand."
    people, seats = sum(row.people for row in lost), sum(row.seats for row in lost)
    worth = value_text(lost)
    value = "" if worth == MISSING else f", worth {worth}"
    return f"{counted(people, 'person', 'people')}, {counted(seats, 'seat')}{value}"
