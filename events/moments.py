"""When what pages show of an event changes by itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from events.models import Event
from events.sale import LAST_OFFERS, RESERVES_UNTIL

# Days and years begin at a full quarter of an hour in all time zones.
QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
# Some deadlines hold at their very moment, and others until just before it.
INSTANT = timedelta(microseconds=1)


def moments_of(event: Event) -> list[datetime]:
    """Return the times, past and future, at which an event changes how it stands."""
    closes_at = event.line_closes_at
    moments = (
        event.published_at,
        event.sales_start_at,
        event.sales_end_at,
        event.event_date,
        event.ends_at,
        event.cancellable_until,
        event.draw_closes_at,
        closes_at,
        closes_at - LAST_OFFERS,
        closes_at - RESERVES_UNTIL,
    )
    return [moment for moment in moments if moment is not None]


def next_change(
    moments: Iterable[datetime], *, at: datetime, step: timedelta = QUARTER
) -> datetime:
    """Return the first of some moments after a time, at the latest the end of the current step."""
    ahead = [later for moment in moments for later in (moment, moment + INSTANT) if later > at]
    return min([*ahead, floor(at, step) + step])


def floor(at: datetime, step: timedelta) -> datetime:
    """Return the beginning of a step: at a full minute, for steps of a minute."""
    since_midnight = at - at.replace(hour=0, minute=0, second=0, microsecond=0)
    return at - since_midnight % step
