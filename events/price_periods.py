"""Between which prices a rule moved an event's price, and when: for the drawn history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from evently.formatting import as_sentence, money
from events.models import Event, PriceBounds, PriceChange


@dataclass(frozen=True)
class Period:
    """From when until when the price had these bounds."""

    since: datetime
    until: datetime
    floor: Decimal
    ceiling: Decimal


@dataclass(frozen=True)
class PriceRow:
    """A change of the price, or of its bounds alone.

    price: since then. by: what changed it, and the bounds that held, in words.
    """

    at: datetime
    price: Decimal
    reason: str
    by: str


def periods(records: Sequence[PriceBounds], *, began: datetime, until: datetime) -> list[Period]:
    """Return the times with bounds within others, the oldest first.

    records: newest first. Of the time before the oldest one nothing is known.
    """
    found, end = [], until
    for record in records:
        since = min(max(record.applied_at, began), until)
        if record.floor is not None and record.ceiling is not None and since < end:
            found.append(Period(since, end, record.floor, record.ceiling))
        end = min(since, end)
    return found[::-1]


def price_rows(
    event: Event, changes: Sequence[PriceChange], records: Sequence[PriceBounds], *, most: int
) -> tuple[list[PriceRow], bool]:
    """Return the latest changes of the price and of its bounds, and whether these are all.

    changes, records: newest first. Bounds that changed with the price are in its row, and a rule
    that was set up before the event was published is none.
    """
    with_price = {change.applied_at for change in changes}
    began = event.published_at or event.created_at
    alone = [one for one in records if one.applied_at not in with_price and one.applied_at > began]
    rows = [
        PriceRow(change.applied_at, change.new_price, change.reason, _by(event, change))
        for change in changes[:most]
    ]
    rows += [
        PriceRow(one.applied_at, _price_at(event, changes, one.applied_at), text, "")
        for one in alone[:most]
        for text in [_bounds_text(event, one)]
    ]
    rows.sort(key=lambda row: row.at, reverse=True)
    return rows[:most], len(rows) <= most and max(len(changes), len(alone)) <= most


def _price_at(event: Event, changes: Sequence[PriceChange], at: datetime) -> Decimal:
    before = next((change for change in changes if change.applied_at <= at), None)
    if before is not None:
        return before.new_price
    return changes[-1].old_price if changes else event.current_price


def _by(event: Event, change: PriceChange) -> str:
    label = change.changed_by.label
    if change.price_floor is None or change.price_ceiling is None:
        return label
    return f"{label}, {between(event, change.price_floor, change.price_ceiling)}"


def _bounds_text(event: Event, record: PriceBounds) -> str:
    if record.floor is None or record.ceiling is None:
        return "The price rule no longer moves the price."
    where = between(event, record.floor, record.ceiling)
    return as_sentence(f"The price rule keeps the price {where}")


def between(event: Event, floor: Decimal, ceiling: Decimal) -> str:
    """Return "between €20.00 and €40.00", or "at €20.00"."""
    low, high = (money(price, event.currency) for price in (floor, ceiling))
    return f"at {low}" if low == high else f"between {low} and {high}"
