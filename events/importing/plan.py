"""What all events of an import have in common, and what becomes of a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from events.importing.dates import DayOrder
from events.models import PaymentMode

REASONS = {
    "bad_row": "more cells than the header",
    "unreadable": "entry that cannot be read",
    "private": "marked as private or confidential",
    "cancelled": "cancelled in the file",
    "no_name": "no name",
    "name_too_long": "name too long",
    "no_place": "no venue",
    "place_too_long": "venue too long",
    "no_date": "no start date",
    "bad_date": "invalid date",
    "bad_time": "invalid time",
    "two_times": "two different times",
    "bad_zone": "unknown time zone",
    "no_such_time": "time that does not exist, or exists twice, on this day",
    "ends_before_start": "ends before it starts",
    "past": "in the past",
    "too_often": "repeats too often",
    "later_dates": "later dates of a series",
    "bad_character": "invisible characters",
    "invalid": "value that an event cannot have",
    "duplicate": "duplicate row",
    "already_imported": "already imported",
    "is_over": "already imported, and cancelled or over by now",
}


@dataclass(frozen=True)
class Plan:
    """The answers of the person who imports.

    now: the current time, aware. timezone: of local times that the file gives no zone for.
    day_order: of dates such as 05/06/2027. venue: of events without one. price: per seat; with 0
    the events are free of charge, otherwise paid at the door. shift_dates: whether past events are
    moved into the future, by whole years. kept_columns: names of columns beyond the known ones
    whose contents go into the description. notify: whether attendees are notified of changes of
    events that are published.
    """

    now: datetime
    timezone: str = ""
    day_order: DayOrder | None = None
    venue: str = ""
    capacity: int = 100
    price: Decimal = Decimal("0.00")
    currency: str = "EUR"
    publish: bool = False
    shift_dates: bool = False
    kept_columns: frozenset[str] = frozenset()
    notify: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a new event that do not come from the file."""
        return {
            "total_capacity": self.capacity,
            "base_price": self.price,
            "current_price": self.price,
            "currency": self.currency,
            "payment_mode": PaymentMode.DOOR if self.price else PaymentMode.FREE,
            "published_at": self.now if self.publish else None,
        }


@dataclass(frozen=True)
class Refusal:
    """A row that is not imported. reason: a key of REASONS; message: what is wrong with it."""

    line: int
    name: str
    reason: str
    message: str


@dataclass(frozen=True)
class Candidate:
    """A row that becomes an event.

    source_key: the same whenever the same row is read. moved: whether it was moved into the future.
    columns: of the event, beyond those of the plan.
    """

    line: int
    name: str
    source_key: str
    moved: bool = False
    columns: Mapping[str, Any] = field(default_factory=dict)


class Refused(Exception):
    """Ends the reading of a row, which becomes a Refusal."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason, self.message = reason, message
        super().__init__(reason)
