"""How long an offer holds its seats: scaled to the time left, without counting nights."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from evently.local_time import local_day, nearest_moment
from events.models import Event

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# The time left is shared among the entries that wait, and among no fewer than this.
FEWEST_SHARES = 20
SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
# An offer of less time is not made, whatever the event's setting: it would end unread.
SHORTEST_OFFER = timedelta(minutes=5)
# A person who let this many offers expire gets the shortest window.
LAPSES_UNTIL_SHORTEST = 2
NIGHT_STARTS = time(22)
NIGHT_ENDS = time(8)
NIGHTS_COUNT_BEFORE = timedelta(hours=12)
# The nights of a time zone of a person's own choice hold seats at most this much longer.
LONGEST_WAIT_FOR_OWN_NIGHTS = DAY


@dataclass(frozen=True)
class Window:
    """The time to claim an offer. minutes: without uncounted nights, rounded up."""

    minutes: int
    expires_at: datetime


@dataclass(frozen=True)
class _Span:
    """A part of time that is night all through, or day all through; in UTC."""

    start: datetime
    end: datetime
    is_night: bool


def offer_window(
    event: Event,
    *,
    at: datetime,
    waiting: int = 0,
    zone: ZoneInfo | None = None,
    lapses: int = 0,
) -> Window | None:
    """Return the window of an offer made at a time; None if less than five minutes are left.

    Its length is the event's own setting, or else the time left until the event, divided by the
    entries that wait (by at least 20): at least 15 minutes and at most 24 hours. Minutes between
    22:00 and 08:00 in the event's time zone or the person's do not count, except in the last 12
    hours before the event; the person's nights make it at most a day longer. The window never
    passes the time at which the waitlist closes.

    waiting: confirmed waiting entries. zone: the person's; None if not known. lapses: offers for
    this event that the person let expire: after one, the window is a quarter of that, and from the
    second on the shortest, so that accounts that take turns keep a seat for days and not for weeks.
    """
    at, closes = at.astimezone(UTC), event.line_closes_at.astimezone(UTC)
    if closes - at < SHORTEST_OFFER:
        return None
    length = _length(event, at=at, waiting=waiting, lapses=lapses)
    no_nights_from = event.event_date.astimezone(UTC) - NIGHTS_COUNT_BEFORE
    zones = _zones(event, zone)
    end = min(window_end(event, at=at, length=length, zone=zone), closes)
    counted = _counted(zones, start=at, end=end, no_nights_from=no_nights_from)
    return Window(minutes=max(1, ceil(counted / MINUTE)), expires_at=end)


def window_end(
    event: Event, *, at: datetime, length: timedelta, zone: ZoneInfo | None = None
) -> datetime:
    """Return when this much time of day has passed since a time; zone: of the person."""
    at = at.astimezone(UTC)
    no_nights_from = event.event_date.astimezone(UTC) - NIGHTS_COUNT_BEFORE
    return min(
        _end_of(length, _zones(event, zone), at=at, no_nights_from=no_nights_from),
        _end_of(length, (event.zone,), at=at, no_nights_from=no_nights_from)
        + LONGEST_WAIT_FOR_OWN_NIGHTS,
    )


def lies_in_night(
    event: Event, window_start: datetime, window_end: datetime, zone: ZoneInfo | None = None
) -> bool:
    """Tell whether all of a window was night in the event's time zone or the person's.

    Nights of the last 12 hours before the event are nights here too: the window runs through them,
    but an offer that was made and ended while its person slept is not held against them.
    """
    start, end = window_start.astimezone(UTC), window_end.astimezone(UTC)
    if end <= start:
        return False
    return all(span.is_night for span in _spans(_zones(event, zone), start=start, end=end))


def _zones(event: Event, zone: ZoneInfo | None) -> tuple[ZoneInfo, ...]:
    return (event.zone,) if zone is None or zone == event.zone else (event.zone, zone)


def _length(event: Event, *, at: datetime, waiting: int, lapses: int) -> timedelta:
    """Return how many minutes of day a window has."""
    if event.promotion_window_minutes is not None:
        length = timedelta(minutes=event.promotion_window_minutes)
    else:
        share = (event.event_date - at) / max(FEWEST_SHARES, waiting)
        length = min(max(share // MINUTE * MINUTE, SHORTEST), LONGEST)
    if lapses:
        # A quarter after the first, the shortest from the second on.
        most = SHORTEST if lapses >= LAPSES_UNTIL_SHORTEST else max(length / 4, SHORTEST)
        length = min(length, most)
    return max(length, SHORTEST_OFFER)


def _end_of(
    length: timedelta, zones: tuple[ZoneInfo, ...], *, at: datetime, no_nights_from: datetime
) -> datetime:
    """Return when this much time has passed, not counting nights until a moment."""
    left = length
    for span in _spans(zones, start=at, end=max(at, no_nights_from)):
        if span.is_night:
            continue
        if left <= span.end - span.start:
            return span.start + left
        left -= span.end - span.start
    return max(at, no_nights_from) + left


def _counted(
    zones: tuple[ZoneInfo, ...], *, start: datetime, end: datetime, no_nights_from: datetime
) -> timedelta:
    """Return how much time counts from `start` to `end`."""
    nights_end = max(start, min(end, no_nights_from))
    nights = (
        span.end - span.start
        for span in _spans(zones, start=start, end=nights_end)
        if span.is_night
    )
    return end - start - sum(nights, timedelta(0))


def _spans(zones: tuple[ZoneInfo, ...], *, start: datetime, end: datetime) -> Iterator[_Span]:
    """Yield the time from `start` to `end` in parts, cut wherever a night begins or ends."""
    current = start
    while current < end:
        cut = min(end, *(_next_cut(current, zone) for zone in zones))
        yield _Span(current, cut, any(_is_night(current, zone) for zone in zones))
        current = cut


def _is_night(at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone).time()
    return local >= NIGHT_STARTS or local < NIGHT_ENDS


def _next_cut(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when a night next begins or ends in a time zone, in UTC.

    Where clocks skip the time, it is the moment at which they do: on Easter Island they go from
    22:00 to 23:00.
    """
    today = local_day(at, zone)
    moments = (
        nearest_moment(datetime.combine(day, clock), zone)
        for day in (today, today + DAY)
        for clock in (NIGHT_ENDS, NIGHT_STARTS)
    )
    return min(moment for moment in moments if moment > at)
