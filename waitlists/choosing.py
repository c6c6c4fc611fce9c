"""Which waiting entries are offered free seats: the rule, without a database.

Entries are asked in waitlist order. One that needs more seats than are free is passed, keeps its
place, and has the passes counted. Once it was passed as often as the event allows, it reserves:
nothing is offered to entries behind it, and nothing is sold to the public, until it fits, leaves,
or 24 hours are left (`trg_waitlist_first` applies the same rule to bookings). An entry whose place
is not confirmed is passed without a count: it never reserves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Waiting(Protocol):
    """A waiting entry. quantity, min_quantity: seats wanted, and the fewest it accepts."""

    @property
    def quantity(self) -> int: ...
    @property
    def min_quantity(self) -> int: ...
    @property
    def is_confirmed(self) -> bool: ...
    @property
    def passes(self) -> int:
        """How often it was passed so far, by offers and by public sales."""


E = TypeVar("E", bound=Waiting)


@dataclass(frozen=True)
class Choice(Generic[E]):
    entry: E
    seats: int


def choose_entries(
    entries: Iterable[E], *, free: int, capacity: int, max_passes: int | None
) -> list[Choice[E]]:
    """Return the entries that get an offer, in order, each with its number of seats.

    entries: in waitlist order; read only as far as needed. free: seats. capacity: of the event; an
    entry that needs more than that can never be offered seats, so it reserves nothing. max_passes:
    how often an entry may be passed before it reserves; 0 keeps the strict order, and None passes
    entries without a limit.
    """
    chosen: list[Choice[E]] = []
    # The number of offers at which the first of the passed entries reserves.
    stop_at: int | None = None
    waiting = iter(entries)
    while free > 0 and (stop_at is None or len(chosen) < stop_at):
        entry = next(waiting, None)
        if entry is None:
            break
        if not entry.is_confirmed:
            continue
        if entry.min_quantity <= free:
            seats = min(entry.quantity, free)
            chosen.append(Choice(entry, seats))
            free -= seats
        elif max_passes is not None and entry.min_quantity <= capacity:
            left = len(chosen) + max(max_passes - entry.passes, 0)
            stop_at = left if stop_at is None else min(stop_at, left)
    return chosen


def may_sell_to_public(
    entries: Iterable[Waiting], *, free: int, capacity: int, max_passes: int | None
) -> bool:
    """Return whether free seats may be sold to someone who did not wait for them.

    Refused while a confirmed entry fits the free seats or reserves. entries: in any order. The
    other arguments are those of `choose_entries`.
    """
    return not any(
        entry.is_confirmed
        and (
            entry.min_quantity <= free or reserves(entry, capacity=capacity, max_passes=max_passes)
        )
        for entry in entries
    )


def reserves(entry: Waiting, *, capacity: int, max_passes: int | None) -> bool:
    """Return whether seats that do not suffice for an entry are kept for it nevertheless."""
    return (
        max_passes is not None
        and entry.is_confirmed
        and entry.min_quantity <= capacity
        and entry.passes >= max_passes
    )
