"""Shortening a story: the same thing told once, with its number, where it happened again."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from waitlists.receipt.story import Happening

# What is counted; other happenings are told one by one.
COUNTED = frozenset(
    {
        "ahead_offered",
        "ahead_left",
        "ahead_joined",
        "ahead_returned",
        "ahead_lapsed",
        "ahead_declined",
        "passed_offer",
        "passed_unconfirmed",
        "passed_sale",
    }
)
# More than this, and what happened on one day is counted together.
MANY = 20

Same = Callable[[Happening], object]


def shorten(happenings: Sequence[Happening], *, zone: ZoneInfo) -> list[Happening]:
    """Return a story in which what had the same cause is told once; a long one, day by day.

    zone: of the event, whose days are meant.
    """
    together = _merge(happenings, lambda one: (one.kind, one.record.cause or one.record.seq))
    if len(together) <= MANY:
        return together
    return _merge(together, lambda one: (one.kind, one.at.astimezone(zone).date()))


def _merge(happenings: Iterable[Happening], same: Same) -> list[Happening]:
    """Merge what has the same key, unless something that is told on its own lies between."""
    merged: list[Happening] = []
    places: dict[object, int] = {}
    for one in happenings:
        if one.kind not in COUNTED:
            places.clear()
            merged.append(one)
            continue
        key = same(one)
        if (place := places.get(key)) is None:
            places[key] = len(merged)
            merged.append(one)
        else:
            merged[place] = _both(merged[place], one)
    return merged


def _both(first: Happening, second: Happening) -> Happening:
    return replace(
        second,
        people=first.people + second.people,
        seats=first.seats + second.seats,
        cause=first.cause if first.cause == second.cause else None,
    )
