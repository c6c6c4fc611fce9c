"""How long an offer holds its seats: scaled to the time left, without counting nights."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import ceil

from events.models import Event

SHARE_OF_TIME_LEFT = 20
SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
NIGHT_STARTS = time(22)
NIGHT_ENDS = time(8)
NIGHTS_COUNT_BEFORE = timedelta(hours=48)


@dataclass(frozen=True)
class Window:
    """The time to claim an offer. minutes: without uncounted nights, rounded up."""

    minutes: int
    expires_at: datetime


def offer_window(event: Event, *, at: datetime) -> Window | None:
    """Return the window of an offer made at a time; None if sales have ended.

    Its length is the event's own setting, or else a twentieth of the time left, at least 15
    minutes and at most 24 hours. Minutes between 22:00 and 08:00 in the event's time zone do not
    count, except in the last 48 hours before the event. The window never passes the end of sales.
    """
    if event.promotion_window_minutes is not None:
        length = timedelta(minutes=event.promotion_window_minutes)
    else:
        length = min(max((event.event_date - at) / SHARE_OF_TIME_LEFT, SHORTEST), LONGEST)
    length = timedelta(minutes=int(length / timedelta(minutes=1)))
    end = _end_of(length, event, at=at)
    if event.sales_close_at < end:
        end = event.sales_close_at
        length = min(length, end - at)
    if end <= at:
        return None
    return Window(minutes=max(1, ceil(length / timedelta(minutes=1))), expires_at=end)


def _end_of(length: timedelta, event: Event, *, at: datetime) -> datetime:
    """Return when this much time has passed, not counting nights until 48 hours before the event.

    Steps from one 22:00 or 08:00 to the next in the event's local time, so that days with a
    change of clocks come out right.
    """
    no_nights_from = event.event_date - NIGHTS_COUNT_BEFORE
    current, left = at, length
    while left > timedelta(0):
        if current >= no_nights_from:
            return current + left
        local = current.astimezone(event.zone)
        if _is_night(local):
            current = min(_next_time_at(local, NIGHT_ENDS), no_nights_from)
            continue
        next_night = min(_next_time_at(local, NIGHT_STARTS), no_nights_from)
        step = min(left, next_night - current)
        current, left = current + step, left - step
    return current


def _is_night(local: datetime) -> bool:
    return local.time() >= NIGHT_STARTS or local.time() < NIGHT_ENDS


def _next_time_at(local: datetime, clock_time: time) -> datetime:
    """Return the next time that clocks in the same time zone show `clock_time`."""
    candidate = datetime.combine(local.date(), clock_time, tzinfo=local.tzinfo)
    if candidate <= local:
        candidate = datetime.combine(
            local.date() + timedelta(days=1), clock_time, tzinfo=local.tzinfo
        )
    return candidate
