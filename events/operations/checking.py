"""What an event must look like before it is saved, told in sentences by field."""

import re
import unicodedata
from datetime import datetime
from decimal import Decimal
from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

from evently.errors import Invalid
from events.models import SEATS_PER_BOOKING, Event, PaymentMode

MOST_SEATS = 1_000_000
LONGEST_WINDOW_MINUTES = 7 * 24 * 60
# Further away, sums of times leave the calendar that Python and PostgreSQL share.
LAST_YEAR = 9000
CURRENCY = re.compile(r"[A-Z]{3}")
MOMENTS = ("event_date", "ends_at", "sales_start_at", "sales_end_at", "cancellation_deadline")
# In the files, but no place has them: what the machine is set to, and "not set".
NO_PLACES = frozenset({"localtime", "Factory"})
# They stand in subjects of mails, calendar files and lists, which are lines.
LINES = ("name", "venue")
TEXTS = ("name", "description", "venue", "refund_policy", "payment_instructions")


def check_event(event: Event, *, at: datetime, date_moved: bool = True) -> None:
    """Refuse an event that makes no sense.

    at: the present. date_moved: whether the start is new, and so must lie in the future.
    Raises Invalid, with a sentence for each field.
    """
    problems: dict[str, str] = {}
    try:
        event.clean_fields(exclude=["created_by", "id"])
    except ValidationError as error:
        problems = {name: " ".join(texts) for name, texts in error.message_dict.items()}
    for name in MOMENTS:
        moment = getattr(event, name)
        if moment is not None and (not isinstance(moment, datetime) or moment.tzinfo is None):
            problems.setdefault(name, "Give a date and time with its time zone.")
        elif moment is not None and moment.year > LAST_YEAR:
            problems.setdefault(name, f"Give a date before the year {LAST_YEAR}.")
    if not problems.keys() & set(MOMENTS):
        problems |= _moment_problems(event, at=at if date_moved else None)
    problems |= _number_problems(event) | _price_problems(event)
    problems |= _text_problems(event)
    if problems:
        raise Invalid(fields=problems)


def is_one_line(text: str) -> bool:
    """Return whether a text has neither line breaks nor other control characters."""
    return not any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in text)


def _text_problems(event: Event) -> dict[str, str]:
    problems: dict[str, str] = {}
    for name in LINES:
        if not is_one_line(getattr(event, name) or ""):
            problems[name] = "Write it on one line, without invisible characters."
    for name in TEXTS:
        if "\x00" in (getattr(event, name) or ""):
            problems[name] = "Remove the invisible character (a null byte)."
    return problems


def _moment_problems(event: Event, *, at: datetime | None) -> dict[str, str]:
    """Check the order of an event's moments; at: what the start must lie behind, if anything."""
    problems: dict[str, str] = {}
    if at is not None and event.event_date <= at:
        problems["event_date"] = "The event must lie in the future."
    if event.ends_at and event.ends_at < event.event_date:
        problems["ends_at"] = "The end lies before the start."
    if event.sales_start_at and event.sales_start_at >= event.event_date:
        problems["sales_start_at"] = "Sales must start before the event does."
    if event._state.adding and at is not None and event.sales_end_at and event.sales_end_at <= at:
        problems["sales_end_at"] = "Sales would be over already."
    if event.sales_start_at and event.sales_end_at and event.sales_end_at <= event.sales_start_at:
        problems["sales_end_at"] = "Sales end before they start."
    if event.cancellation_deadline and event.cancellation_deadline > event.event_date:
        problems["cancellation_deadline"] = "People can cancel until the start at most."
    if event.timezone not in known_timezones():
        problems["timezone"] = "Name a time zone like Europe/Berlin."
    return problems


def _number_problems(event: Event) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not 1 <= (event.total_capacity or 0) <= MOST_SEATS:
        problems["total_capacity"] = f"Give 1 to {MOST_SEATS:,} seats."
    if not 1 <= (event.max_per_booking or 0) <= SEATS_PER_BOOKING:
        problems["max_per_booking"] = f"Give 1 to {SEATS_PER_BOOKING} seats per booking."
    if event.max_per_person is not None and event.max_per_person < 1:
        problems["max_per_person"] = "Give at least 1 seat per person, or leave it empty."
    window = event.promotion_window_minutes
    if window is not None and not 1 <= window <= LONGEST_WINDOW_MINUTES:
        problems["promotion_window_minutes"] = (
            f"Give 1 to {LONGEST_WINDOW_MINUTES:,} minutes, or leave it empty."
        )
    return problems


def _price_problems(event: Event) -> dict[str, str]:
    if not CURRENCY.fullmatch(event.currency or ""):
        return {"currency": "Give the three letters of a currency, like EUR."}
    for name in ("base_price", "current_price"):
        price = getattr(event, name)
        if not isinstance(price, Decimal | int) or not Decimal(price).is_finite() or price < 0:
            return {name: "Give a price of 0 or more."}
    if event.payment_mode == PaymentMode.FREE and (event.base_price or event.current_price):
        return {"payment_mode": "An event with a price cannot be free. Choose how it is paid."}
    if event.payment_mode == PaymentMode.TRANSFER:
        return {"payment_mode": "Payment by transfer is not available yet. Choose the door."}
    return {}


@cache
def known_timezones() -> frozenset[str]:
    """Return the names of all time zones; finding them costs a walk through the files."""
    return frozenset(available_timezones() - NO_PLACES)
