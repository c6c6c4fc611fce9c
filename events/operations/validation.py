"""Validation of an event before it is saved, with an error message per field."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from evently.currencies import decimals_text, fits, is_currency
from evently.errors import Invalid
from evently.privacy.addresses import AddressInvalid, clean_address
from evently.time_zones import TIME_ZONE_HINT, known_timezones
from evently.visible_text import has_controls, is_visible
from events.attendance import asked_from, next_step_from, quiet_from
from events.constraints import (
    ASKED_DAYS_FEWEST,
    ASKED_DAYS_MOST,
    REMINDER_HOURS_FEWEST,
    REMINDER_HOURS_MOST,
)
from events.models import (
    LONGEST_WINDOW_MINUTES,
    SEATS_PER_BOOKING,
    SEATS_PER_PLACE,
    Event,
    PassRule,
    PaymentMode,
    UnansweredPolicy,
)

MOST_SEATS = 1_000_000
PRICES = ("base_price", "current_price")
# Beyond this year, sums of times leave the range that Python and PostgreSQL share.
LAST_YEAR = 9000
# A later year in a form or an imported file is a typing error.
LAST_TYPED_YEAR = 2199
CURRENCY_HINT = "Enter a currency code of ISO 4217 in capitals, such as EUR."
TIME_FIELDS = ("event_date", "ends_at", "sales_start_at", "sales_end_at", "cancellation_deadline")
# Shown in email subjects, calendar files and lists, where a line break would do harm.
ONE_LINE_FIELDS = ("name", "venue")
TEXT_FIELDS = ("name", "description", "venue", "refund_policy", "payment_instructions")


def check_event(
    event: Event, *, at: datetime, date_moved: bool = True, money_changed: bool = True
) -> None:
    """Refuse an invalid event.

    at: the current time. date_moved: whether the start is new, and so must be in the future.
    money_changed: whether currency or prices are new; those of an earlier release may stay.
    Raises Invalid, with one message per field.
    """
    problems: dict[str, str] = {}
    try:
        event.clean_fields(exclude=["created_by", "id"])
    except ValidationError as error:
        problems = {name: " ".join(texts) for name, texts in error.message_dict.items()}
    for name in TIME_FIELDS:
        time = getattr(event, name)
        if time is not None and (not isinstance(time, datetime) or time.tzinfo is None):
            problems.setdefault(name, "Enter a date and time with a time zone.")
        elif time is not None and time.year > LAST_YEAR:
            problems.setdefault(name, f"Enter a date up to the year {LAST_YEAR}.")
    if not problems.keys() & set(TIME_FIELDS):
        problems |= _time_problems(event, at=at if date_moved else None)
    if not problems.keys() & {"event_date", "timezone"}:
        problems |= _asking_problems(event)
    problems |= _number_problems(event) | _reminder_problems(event) | _price_problems(event)
    if money_changed:
        problems = _money_problems(event) | problems
    problems |= _text_problems(event) | _contact_problems(event)
    if problems:
        raise Invalid(fields=problems)


def is_one_line(text: str) -> bool:
    """Tell whether a text has no line breaks, other control characters or direction overrides."""
    return not has_controls(text)


def _text_problems(event: Event) -> dict[str, str]:
    problems: dict[str, str] = {}
    for name in ONE_LINE_FIELDS:
        text = getattr(event, name) or ""
        if not is_one_line(text):
            problems[name] = "Enter a single line without invisible characters."
        elif text and not is_visible(text):
            problems[name] = "Enter at least one visible character."
    for name in TEXT_FIELDS:
        if "\x00" in (getattr(event, name) or ""):
            problems[name] = "Remove the invisible character (a null byte)."
    return problems


def _contact_problems(event: Event) -> dict[str, str]:
    problems: dict[str, str] = {}
    if event.contact_email:
        try:
            event.contact_email = clean_address(event.contact_email)
        except AddressInvalid as error:
            problems["contact_email"] = error.text
    if event.contact_url and not is_web_link(event.contact_url):
        problems["contact_url"] = "Enter a link that begins with https://."
    return problems


def is_web_link(url: str) -> bool:
    """Tell whether a text is one link to a web page."""
    try:
        URLValidator(schemes=["http", "https"])(url)
    except ValidationError:
        return False
    return True


def _time_problems(event: Event, *, at: datetime | None) -> dict[str, str]:
    """Check the order of an event's times; at: what the start must be later than, if anything."""
    problems: dict[str, str] = {}
    if at is not None and event.event_date <= at:
        problems["event_date"] = "The event must start in the future."
    if event.ends_at and event.ends_at < event.event_date:
        problems["ends_at"] = "The event must not end before it starts."
    if event.sales_start_at and event.sales_start_at >= event.event_date:
        problems["sales_start_at"] = "Sales must start before the event starts."
    if event._state.adding and at is not None and event.sales_end_at and event.sales_end_at <= at:
        problems["sales_end_at"] = "Sales must end in the future."
    if event.sales_start_at and event.sales_end_at and event.sales_end_at <= event.sales_start_at:
        problems["sales_end_at"] = "Sales must end after they start."
    if event.cancellation_deadline and event.cancellation_deadline > event.event_date:
        problems["cancellation_deadline"] = "The cancellation deadline must not be after the start."
    if event.timezone not in known_timezones():
        problems["timezone"] = TIME_ZONE_HINT
    return problems


def _number_problems(event: Event) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not 1 <= (event.total_capacity or 0) <= MOST_SEATS:
        problems["total_capacity"] = f"Enter 1 to {MOST_SEATS:,} seats."
    if not 1 <= (event.max_per_booking or 0) <= SEATS_PER_BOOKING:
        problems["max_per_booking"] = f"Enter 1 to {SEATS_PER_BOOKING} seats per booking."
    if event.max_per_person is not None and event.max_per_person < 1:
        problems["max_per_person"] = "Enter at least 1 seat per person, or leave this empty."
    if event.max_per_place is not None and not 1 <= event.max_per_place <= SEATS_PER_BOOKING:
        problems["max_per_place"] = (
            f"Enter 1 to {SEATS_PER_BOOKING} seats per place, or leave this empty for "
            f"{SEATS_PER_PLACE}."
        )
    if event.max_passes is not None and event.max_passes not in PassRule.values:
        problems["max_passes"] = "Enter 0 (strict order) or 3, or leave this empty for no limit."
    window = event.promotion_window_minutes
    if window is not None and not 1 <= window <= LONGEST_WINDOW_MINUTES:
        problems["promotion_window_minutes"] = (
            f"Enter 1 to {LONGEST_WINDOW_MINUTES:,} minutes (a week), or leave this empty."
        )
    return problems


def _asking_problems(event: Event) -> dict[str, str]:
    """Check when attendees are asked whether they are still coming; start and zone are valid."""
    if event.unanswered_policy not in UnansweredPolicy.values:
        return {"unanswered_policy": "Choose “keep” or “return”."}
    days = event.ask_days_before
    if days is None:
        return {}
    if not ASKED_DAYS_FEWEST <= days <= ASKED_DAYS_MOST:
        return {
            "ask_days_before": f"Enter {ASKED_DAYS_FEWEST} to {ASKED_DAYS_MOST} days before the "
            "start, or leave this empty to ask no one."
        }
    first = asked_from(event)
    if first is None or event.unanswered_policy == UnansweredPolicy.KEEP:
        return {}
    if next_step_from(event, next_step_from(event, first)) >= quiet_from(event):
        return {
            "ask_days_before": "No seats are returned in the last 24 hours before the start, so "
            f"ask at least {days + 1} days before it."
        }
    return {}


def _reminder_problems(event: Event) -> dict[str, str]:
    hours = event.reminder_hours
    if hours is None or REMINDER_HOURS_FEWEST <= hours <= REMINDER_HOURS_MOST:
        return {}
    return {
        "reminder_hours": f"Enter {REMINDER_HOURS_FEWEST} to {REMINDER_HOURS_MOST} hours before "
        "the start, or leave this empty to remind no one."
    }


def _price_problems(event: Event) -> dict[str, str]:
    problems: dict[str, str] = {}
    # The current price follows the base price where it is not entered itself, so one is enough.
    invalid = [name for name in PRICES if not _is_price(getattr(event, name))][:1]
    problems |= dict.fromkeys(invalid, "Enter a price of 0 or more.")
    has_price = not invalid and (event.base_price or event.current_price)
    if event.payment_mode == PaymentMode.FREE and has_price:
        problems["payment_mode"] = "An event with a price cannot be free of charge."
    if event.payment_mode == PaymentMode.TRANSFER:
        problems["payment_mode"] = (
            "Payment by transfer is not available yet. Choose payment at the door."
        )
    return problems


def _money_problems(event: Event) -> dict[str, str]:
    """Check the currency, and the decimals that prices have in it."""
    if not is_currency(event.currency or ""):
        return {"currency": CURRENCY_HINT}
    wrong = [
        name
        for name in PRICES
        if _is_price(getattr(event, name))
        and not fits(Decimal(getattr(event, name)), event.currency)
    ][:1]
    return dict.fromkeys(wrong, decimals_text(event.currency))


def _is_price(price: Any) -> bool:
    return isinstance(price, Decimal | int) and Decimal(price).is_finite() and price >= 0
