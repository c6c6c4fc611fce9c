"""What the rows of each audited table are called; each app registers its own in `history.py`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Subject:
    """One row: what it is called ("booking EVT…"), and whose it is."""

    text: str
    user_id: UUID | None = None


@dataclass(frozen=True)
class Described:
    """The rows of one table in words.

    group: the name under which the history can be filtered. rank: of several things that one act
    did, the lowest names it. phrases: by kind (`AuditLog.kind`), with {object} ("Zoe's booking
    EVT…", "3 bookings"), {person} ("Zoe", "3 people") or {event}. participles: by kind, as in "3
    waitlist entries closed". labels: of columns whose verbose name says something else.
    identifying: columns shown of a created or deleted row. subjects: finds rows by their ids.
    notes: (label, value) of what a change means besides its columns.
    """

    group: str
    noun: str
    plural: str
    rank: int
    phrases: Mapping[str, str] = field(default_factory=dict)
    participles: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    identifying: tuple[str, ...] = ()
    subjects: Callable[[Collection[UUID]], Mapping[UUID, Subject]] | None = None
    of_event: bool = True
    notes: Callable[[Mapping[str, Any]], list[tuple[str, str]]] = lambda after: []

    def phrase(self, kind: str) -> str:
        return self.phrases.get(kind) or f"{kind.replace('_', ' ')} {{object}}"

    def participle(self, kind: str) -> str:
        return self.participles.get(kind) or kind.replace("_", " ")


@dataclass(frozen=True)
class EventFacts:
    """What it takes to format values of an event's rows.

    zone_changes: (id of the change, old, new), in order.
    """

    name: str
    zone: ZoneInfo
    currency: str
    zone_changes: Sequence[tuple[UUID, str, str]] = ()

    def zones_around(self, change: UUID) -> tuple[ZoneInfo, ZoneInfo]:
        """Return the zones that the event's times were shown in before and after a change."""
        for id_, old, new in self.zone_changes:
            if id_ == change:
                return ZoneInfo(old), ZoneInfo(new)
            if id_ > change:
                return ZoneInfo(old), ZoneInfo(old)
        return self.zone, self.zone


UNKNOWN_EVENT = EventFacts(name="", zone=ZoneInfo("UTC"), currency="")

_tables: dict[str, Described] = {}
_tasks: dict[str, str] = {}
_finders: list[Callable[[Collection[UUID]], Mapping[UUID, EventFacts]]] = []


def describe(table: str, described: Described) -> None:
    """Register what the rows of a table are called."""
    _tables[table] = described


def describe_tasks(**words: str) -> None:
    """Register what background tasks do, by the last part of their names."""
    _tasks.update(words)


def find_events_with(finder: Callable[[Collection[UUID]], Mapping[UUID, EventFacts]]) -> None:
    """Register how facts about events are found by their ids."""
    _finders.append(finder)


def described(table: str) -> Described:
    """Return what the rows of a table are called; tables of no app get words from their name."""
    words = table.replace("_", " ")
    return _tables.get(table) or Described(
        group=words.capitalize(), noun=f"row of {words}", plural=f"rows of {words}", rank=99
    )


def described_tables() -> dict[str, Described]:
    return dict(_tables)


def task_in_words(name: str) -> str:
    """Return what a task does: "offers that are not claimed in time end", or its name in words."""
    short = name.rpartition(".")[2]
    return _tasks.get(short) or short.replace("_", " ")


def facts_of_events(ids: Collection[UUID]) -> dict[UUID, EventFacts]:
    return {key: facts for find in _finders for key, facts in find(ids).items()}


def groups(*, of_event: bool) -> dict[str, list[str]]:
    """Return the tables of each group, by rank."""
    found: dict[str, list[str]] = {}
    for table, words in sorted(_tables.items(), key=lambda item: item[1].rank):
        if words.of_event or not of_event:
            found.setdefault(words.group, []).append(table)
    return found
