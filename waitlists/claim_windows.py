"""How long an offer holds its seats: scaled to the time left, and fair to sleepers."""

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
    """The time somebody has to claim. minutes: those that count, nights left out, rounded up."""

    minutes: int
    expires_at: datetime


def offer_window(event: Event, *, at: datetime) -> Window | None:
    """Return the window of an offer made at a moment; None where sales are about to end.

    The event's own setting, or a twentieth of the time left, at least 15 minutes and at most a
    day. Minutes between 22:00 and 08:00 in the event's time zone do not count, but in its last
    48 hours. Never past the end of sales.
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
    """Return when so much waking time has passed; the last 48 hours know no night."""
    no_nights_from = event.event_date - NIGHTS_COUNT_BEFORE
    moment, left = at, length
    while left > timedelta(0):
        if moment >= no_nights_from:
            return moment + left
        local = moment.astimezone(event.zone)
        if _is_night(local):
            moment = min(_next(local, NIGHT_ENDS), no_nights_from)
            continue
        evening = min(_next(local, NIGHT_STARTS), no_nights_from)
        step = min(left, evening - moment)
        moment, left = moment + step, left - step
    return moment


def _is_night(local: datetime) -> bool:
    return local.time() >= NIGHT_STARTS or local.time() < NIGHT_ENDS


def _next(local: datetime, clock_time: time) -> datetime:
    """Return the next moment, in the same zone's wall time, that the clock shows so."""
    candidate = datetime.combine(local.date(), clock_time, tzinfo=local.tzinfo)
    if candidate <= local:
        candidate = datetime.combine(
            local.date() + timedelta(days=1), clock_time, tzinfo=local.tzinfo
        )
    return candidate
