"""What has changed about an event, in words: the same on pages, in emails and in the admin.

A time is always given in the time zone that it was, or is now, shown in: the value before a change
in the event's time zone before that change, the new value in the new one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime

from evently.formatting import as_list, moment, money
from events.models import Event, PassRule, PaymentMode, UnansweredPolicy

# {field: (value before, new value)}
Changes = Mapping[str, tuple[Any, Any]]

# The changes that attendees are notified of.
ANNOUNCED = ("name", "event_date", "ends_at", "venue", "timezone")
# Names of all editable fields within a sentence, in the order in which they are listed.
WORDS = {
    "name": "name",
    "event_date": "start",
    "ends_at": "end",
    "venue": "venue",
    "is_online": "online event",
    "timezone": "time zone",
    "description": "description",
    "total_capacity": "number of seats",
    "base_price": "base price",
    "current_price": "price",
    "currency": "currency",
    "sales_start_at": "sales start",
    "sales_end_at": "sales end",
    "cancellation_deadline": "cancellation deadline",
    "refund_policy": "refund policy",
    "payment_mode": "payment",
    "payment_instructions": "payment instructions",
    "payment_days": "days to pay",
    "max_per_booking": "seats per booking",
    "max_per_person": "seats per person",
    "max_per_place": "seats per place on the waitlist",
    "max_passes": "rule for groups on the waitlist",
    "waitlist_until_start": "offers until the start",
    "promotion_window_minutes": "minutes to claim an offer",
    "ask_days_before": "days before the start to ask who is coming",
    "unanswered_policy": "seats of those who do not answer",
    "reminder_hours": "hours before the start to remind attendees",
    "sends_thanks": "thanks to attendees after the event",
    "contact_email": "contact email address",
    "contact_url": "contact link",
    "shows_organizer_email": "display of the organizer’s email address",
}
# Values of `max_passes`.
PASS_RULES = {
    None: "passed without a limit",
    PassRule.STRICT.value: "strict order",
    PassRule.BOUNDED.value: "passed up to 3 times",
}
LONGEST_VALUE = 200
NOT_SET = "not set"


@dataclass(frozen=True)
class Difference:
    """One changed field: its name within a sentence, and both values as text."""

    field: str
    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Edit:
    """What a change has done to an event."""

    event: Event
    changes: Changes

    @property
    def is_announced(self) -> bool:
        """Whether it is one that attendees are notified of."""
        return self.event.is_published and concerns_attendees(self.changes)


def concerns_attendees(changes: Changes) -> bool:
    return any(name in changes for name in ANNOUNCED)


def differences(
    event: Event, changes: Changes, *, fields: Iterable[str] = tuple(WORDS)
) -> list[Difference]:
    """Return the changed fields whose text differs, in the order of `fields`.

    With another time zone, the start and end read differently even where their moments stay.
    """
    old_name, new_name = changes.get("timezone", (event.timezone, event.timezone))
    zones = ZoneInfo(old_name), ZoneInfo(new_name)
    found = dict(changes)
    if "timezone" in changes:
        for name in ("event_date", "ends_at"):
            found.setdefault(name, (getattr(event, name), getattr(event, name)))
    listed = []
    for field in fields:
        if field not in found:
            continue
        if field == "max_passes":
            old, new = (PASS_RULES[value] for value in found[field])
            listed.append(Difference(field, WORDS[field], old, new))
            continue
        old, new = (
            text_of(value, zone=zone, currency=event.currency)
            for value, zone in zip(found[field], zones, strict=True)
        )
        if old != new:
            listed.append(Difference(field, WORDS[field], old, new))
    return listed


def text_of(value: Any, *, zone: ZoneInfo, currency: str) -> str:
    """Return a value of an event as text."""
    if value is None or value == "":
        return NOT_SET
    if isinstance(value, datetime):
        return moment(value, zone)
    if isinstance(value, Decimal):
        return money(value, currency)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if value in UnansweredPolicy.values:
        return str(UnansweredPolicy(value).label).lower()
    if value in PaymentMode.values:
        return str(PaymentMode(value).label)
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def announcement(changes: Changes, *, at: datetime, notified: bool) -> dict[str, Any]:
    """Return what is stored of a change that concerns attendees, in `Event.last_change`."""
    fields = [name for name in ANNOUNCED if name in changes]
    return {"at": at.isoformat(), "fields": fields, "notified": notified}


def announcement_text(stored: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Return the sentence for a stored `Event.last_change`."""
    what = as_list([WORDS.get(name, name) for name in stored.get("fields", ())])
    at = parse_datetime(str(stored.get("at", "")))
    when = f" on {moment(at, zone)}" if at else ""
    if stored.get("notified"):
        return f"Changed{when}: {what}. Attendees were notified."
    return f"Changed{when}: {what}. Saved without notifying attendees."
