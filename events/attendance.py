"""Asking attendees whether they are still coming: when, and what an organizer decides about it.

An event asks `ask_days_before` days before its start, at 10:00 by its own clocks; once more a day
later; and a day after that, seats of bookings that were not answered go to the waitlist, if that is
what was shown when they were booked. Days are those of the event's calendar, and no step comes
sooner than 24 hours after the one before, so that a night of 23 hours moves it to 11:00.
"""

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import DateTimeField, Func

from evently.formatting import moment
from evently.local_time import local_day, nearest_moment
from events.constraints import UnansweredPolicy
from events.models import Event

ASKED_AT = time(10)
DAY = timedelta(days=1)
# Between two questions, and between the second and returning the seats.
TIME_TO_ANSWER = timedelta(hours=24)
# In the last hours before the start, no attendee is asked and no seats are returned.
QUIET_BEFORE_START = timedelta(hours=24)


class AskedFrom(Func):
    """When an event asks: `asked_from` as an expression, NULL for an event that does not."""

    function = "evently_asked_from"
    output_field = DateTimeField()

    def __init__(self, *columns: Any, **extra: Any) -> None:
        super().__init__(*(columns or ("event_date", "timezone", "ask_days_before")), **extra)


def asked_from(event: Event) -> datetime | None:
    """Return when an event asks for the first time, in UTC; None if it does not.

    `evently_asked_from` is the same in the database.
    """
    if event.ask_days_before is None:
        return None
    day = local_day(event.event_date, event.zone) - DAY * event.ask_days_before
    return nearest_moment(datetime.combine(day, ASKED_AT), event.zone)


def next_step_from(event: Event, before: datetime) -> datetime:
    """Return when the step after one of a moment is due: at 10:00 a day later, or 24 hours later.

    before: when attendees were asked, for the second question; when they were asked again, for
    returning their seats.
    """
    day = local_day(before, event.zone) + DAY
    return max(nearest_moment(datetime.combine(day, ASKED_AT), event.zone), before + TIME_TO_ANSWER)


def quiet_from(event: Event) -> datetime:
    """Return from when on no attendee is asked and no seats are returned."""
    return event.event_date - QUIET_BEFORE_START


def is_asking(event: Event, *, at: datetime) -> bool:
    """Return whether attendees of an event are to be asked at a time, if they were not yet."""
    first = asked_from(event)
    return (
        event.is_active
        and event.is_published
        and first is not None
        and first <= at < quiet_from(event)
    )


def terms_of(event: Event, *, at: datetime) -> UnansweredPolicy | None:
    """Return what a booking made at a time is told; None where it will not be asked."""
    first = asked_from(event)
    if first is None or at >= first:
        return None
    return UnansweredPolicy(event.unanswered_policy)


def terms_text(event: Event, terms: UnansweredPolicy | str | None) -> str:
    """Return in sentences when attendees will be asked, and what happens without an answer.

    terms: what a booking was or would be told; "" for None, and for an event that asks no more.
    """
    first = asked_from(event)
    if first is None or not terms:
        return ""
    asked = f"On {moment(first, event.zone)}, you will be asked whether you are still coming"
    if terms == UnansweredPolicy.KEEP:
        return f"{asked}. If you do not answer, you keep your seats."
    returned = next_step_from(event, next_step_from(event, first))
    return (
        f"{asked}, and once more a day later. If you have answered neither by "
        f"{moment(returned, event.zone)}, your seats may be cancelled and offered to people on the "
        "waitlist. If no one is waiting for them, you keep them."
    )
