"""Times as clocks on the wall show them, and the moments that they mean in a time zone.

When clocks go forward, some local times do not exist; when they go back, some exist twice. Whatever
turns a local time into a moment goes through this module: forms, imports, copies and commands.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


class LocalTimeProblem(ValueError):
    """A local time that is not one moment; `text` says why, in a sentence."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class NoSuchTime(LocalTimeProblem):
    """Clocks skip this time when they go forward."""


class AmbiguousTime(LocalTimeProblem):
    """Clocks show this time twice, as they go back. moments: the first and the second, in UTC."""

    def __init__(self, text: str, moments: tuple[datetime, datetime]) -> None:
        self.moments = moments
        super().__init__(text)


def moment_of(wall: datetime, zone: ZoneInfo, *, fold: int | None = None) -> datetime:
    """Return the moment, in UTC, at which clocks in a time zone show a time.

    wall: without a time zone. fold: which one is meant of a time that exists twice, 0 or 1; None
    where that is not known. Raises NoSuchTime, AmbiguousTime (fold is None).
    """
    first, second = _readings(wall, zone)
    if first == second:
        return first
    if first > second:
        raise NoSuchTime(_text_of_gap(wall, zone))
    if fold is None:
        raise AmbiguousTime(_text_of_overlap(wall, zone), (first, second))
    return second if fold else first


def nearest_moment(wall: datetime, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """Return the moment of a local time that was computed, not entered; in UTC.

    A time that does not exist becomes the one as long after the change of clocks (02:30 becomes
    03:30), as calendars do with repeated events (RFC 5545, 3.3.5).
    """
    first, second = _readings(wall, zone)
    return second if fold and first < second else first


def moved_by_days(at: datetime, zone: ZoneInfo, days: int) -> datetime:
    """Return a moment moved by days: the same time on the clocks of a time zone, in UTC."""
    local = at.astimezone(zone)
    return nearest_moment(local.replace(tzinfo=None) + timedelta(days=days), zone, fold=local.fold)


def wall_clock(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks in a time zone show at a moment, without the zone but with its fold."""
    return at.astimezone(zone).replace(tzinfo=None)


def exists_twice(wall: datetime, zone: ZoneInfo) -> bool:
    first, second = _readings(wall, zone)
    return first < second


def local_day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _readings(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the moments by the offset before and after a change of clocks; else the same twice."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _change_near(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return what clocks show at the change of clocks around a time: before it, and after it."""
    low, high = sorted(_readings(wall, zone))
    offset_before = wall.replace(tzinfo=zone, fold=0).utcoffset() or timedelta(0)
    offset_after = wall.replace(tzinfo=zone, fold=1).utcoffset() or timedelta(0)
    while high - low > SECOND:
        middle = low + ((high - low) / 2 // SECOND) * SECOND
        if middle in (low, high):
            break
        if (middle.astimezone(zone).utcoffset() or timedelta(0)) == offset_before:
            low = middle
        else:
            high = middle
    change = high.replace(tzinfo=None)
    return change + offset_before, change + offset_after


def _text_of_gap(wall: datetime, zone: ZoneInfo) -> str:
    before, after = _change_near(wall, zone)
    if before.date() == after.date():
        how = f"clocks go forward from {before:%H:%M} to {after:%H:%M}"
    else:
        then = f"{_day(before)}, {before:%H:%M}, to {_day(after)}, {after:%H:%M}"
        how = f"clocks go forward from {then}"
    return f"{wall:%H:%M} does not exist on {_day(wall)} in {zone.key}: {how}."


def _text_of_overlap(wall: datetime, zone: ZoneInfo) -> str:
    before, after = _change_near(wall, zone)
    return (
        f"{wall:%H:%M} exists twice on {_day(wall)} in {zone.key}: clocks go back from "
        f"{before:%H:%M} to {after:%H:%M}."
    )


def _day(day: datetime) -> str:
    return f"{day.day} {day:%B %Y}"
