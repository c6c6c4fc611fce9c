"""Who has what in the walks: people, events, and the rows that belong to them.

What they may do is told by `tests.role_rights`; the rows themselves are in `tests.walked_rows`.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# X and Y are attendees, A and B organizers, S is a superuser, Z helps at an event.
PEOPLE = ("X", "Y", "A", "B", "S", "Z")
# Who organizes each event; B is made a manager of A's "shared".
EVENTS = {"first": "A", "draft": "A", "shared": "A", "other": "B", "hidden": "B"}
UNPUBLISHED = {"draft", "hidden"}
MANAGED = {"A": {"first", "draft", "shared"}, "B": {"other", "hidden", "shared"}}
# Who has what at which event. X is at A's events alone, Y at B's alone, but for the shared one.
BOOKED = (
    ("X", "first"),
    ("X", "draft"),
    ("X", "shared"),
    ("Y", "shared"),
    ("Y", "other"),
    ("Y", "hidden"),
    ("A", "other"),
    ("B", "first"),
)
# Tickets that were handed on: from whom, of which event, to whom.
HANDED = (("X", "first", "Y"), ("Y", "other", "X"))
STAFF = (("B", "shared", "manager"), ("Y", "first", "door"), ("Z", "other", "manager"))


@dataclass(frozen=True)
class Row:
    """A row: its key as text, whose it is, and the event that it belongs to.

    booker: the first of its people, who booked what was handed to the others. by: who made it.
    marks: texts in it that are in no other row.
    """

    key: str
    people: frozenset[str]
    event: str | None
    booker: str | None
    by: str | None
    marks: tuple[str, ...] = ()


@dataclass
class World:
    people: dict[str, Any] = field(default_factory=dict)
    events: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    # The keys of all tables, and of the partitions.
    keys: dict[str, str] = field(default_factory=dict)
    partitions: dict[str, str] = field(default_factory=dict)

    def everybody_at(self, organizer: str) -> set[str]:
        """Return the people whom an organizer knows from events: attendees, staff, colleagues."""
        met = {person for person, event in BOOKED if event in MANAGED[organizer]}
        met |= {recipient for _, event, recipient in HANDED if event in MANAGED[organizer]}
        met |= {person for person, event, _ in STAFF if event in MANAGED[organizer]}
        return met | {EVENTS[event] for event in MANAGED[organizer]}
