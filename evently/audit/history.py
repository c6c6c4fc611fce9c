"""A page of the history: one line for each act, and what it changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from evently.admin.cells import names_of
from evently.audit import acts as reading
from evently.audit.acts import Group, Wanted
from evently.audit.described import (
    UNKNOWN_EVENT,
    EventFacts,
    Subject,
    described,
    facts_of_events,
    task_in_words,
)
from evently.audit.fields import people_in, values_of
from evently.audit.models import EARLIER, AuditLog
from evently.audit.presenters import SOFTWARE, actor_in_words
from evently.formatting import counted, moment

ACTS_PER_PAGE = 25
CHANGES_PER_PAGE = 50
VIA = {"page": "on the website", "api": "through the API", "admin": "in the admin"}


@dataclass(frozen=True)
class Change:
    """One changed row. values: (label, before, after), formatted."""

    who: str
    what: str
    at: str
    is_update: bool
    values: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Act:
    """One line of the history.

    what: the main thing it did. also: the rest, as in "3 tickets cancelled". cause: the act of
    which this is the consequence, in words. changes: a few of its `total` changes. actor: for a
    filter, "" if unsigned.
    """

    id: UUID
    at: str
    who: str
    what: str
    via: str
    also: list[str]
    cause: str
    event: str
    actor: str
    is_signed: bool
    total: int
    changes: list[Change] = field(default_factory=list)

    @property
    def is_single(self) -> bool:
        return self.total == 1


@dataclass(frozen=True)
class Words:
    """What rows are described with: names of people, rows and events."""

    names: Mapping[str, str]
    subjects: Mapping[tuple[str, UUID], Subject]
    events: Mapping[UUID, EventFacts]
    one_event: bool

    def facts(self, row: AuditLog) -> EventFacts:
        return self.events.get(row.event_id, UNKNOWN_EVENT) if row.event_id else UNKNOWN_EVENT

    def who(self, row: AuditLog) -> str:
        return actor_in_words(
            row.actor, via=row.via, signed=row.signed, db_role=row.db_role, names=self.names
        )

    def object(self, row: AuditLog) -> str:
        """Return what a row is called: "Zoe's booking EVT…", "their booking EVT…", "a booking"."""
        subject = self.subjects.get((row.table_name, row.row_id))
        if subject is None:
            noun = described(row.table_name).noun
            return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
        owner = str(subject.user_id) if subject.user_id else ""
        if owner and owner == row.actor:
            return f"their {subject.text}"
        return f"{self.names[owner]}’s {subject.text}" if owner in self.names else subject.text

    def person(self, row: AuditLog) -> str:
        subject = self.subjects.get((row.table_name, row.row_id))
        return self.names.get(str(subject.user_id), "a person") if subject else "a person"

    def event(self, row: AuditLog) -> str:
        name = self.facts(row).name or (row.before or row.after or {}).get("name", "")
        return "the event" if self.one_event or not name else f"“{name}”"


def acts_page(wanted: Wanted, *, before: UUID = reading.NEWEST) -> tuple[list[Act], UUID | None]:
    """Return a page of acts, newest first, and where the next page begins (None: it was the last).

    Takes a fixed number of queries, however many acts, changes and people there are.
    """
    found = reading.newest_acts(wanted, before=before, limit=ACTS_PER_PAGE + 1)
    shown = found[:ACTS_PER_PAGE]
    further = shown[-1] if len(found) > ACTS_PER_PAGE else None
    groups = reading.groups_of(shown, event_id=wanted.event_id)
    samples = reading.samples_of(groups, event_id=wanted.event_id)
    causes = {rows[0].cause for rows in samples.values() if rows and rows[0].cause}
    missing = causes - groups.keys()
    cause_groups = groups | reading.groups_of(missing, event_id=wanted.event_id)
    cause_samples = samples | reading.samples_of(
        {act: cause_groups[act] for act in missing}, event_id=wanted.event_id
    )
    words = words_for(
        (row for rows in cause_samples.values() for row in rows),
        one_event=wanted.event_id is not None,
    )
    lines = [
        _earlier() if act == EARLIER else _line(act, cause_groups, cause_samples, words)
        for act in shown
        if act == EARLIER or samples[act]
    ]
    return lines, further


def changes_page(
    act: UUID, *, event_id: UUID | None, after: UUID | None = None
) -> tuple[list[Change], UUID | None]:
    """Return a page of one act's changes, and after which row the next page begins."""
    rows = reading.changes_of(act, event_id=event_id, after=after, limit=CHANGES_PER_PAGE + 1)
    shown = list(rows[:CHANGES_PER_PAGE])
    words = words_for(shown, one_event=event_id is not None)
    further = shown[-1].pk if len(rows) > CHANGES_PER_PAGE else None
    return [_change(row, words) for row in shown], further


def words_for(rows: Iterable[AuditLog], *, one_event: bool) -> Words:
    """Look up all names that a page needs: one query for each table, people and events."""
    rows = list(rows)
    by_table: dict[str, set[UUID]] = {}
    for row in rows:
        by_table.setdefault(row.table_name, set()).add(row.row_id)
    subjects = {
        (table, row_id): subject
        for table, ids in by_table.items()
        if (find := described(table).subjects) is not None
        for row_id, subject in find(ids).items()
    }
    people = {row.actor for row in rows} | {
        str(subject.user_id) for subject in subjects.values() if subject.user_id
    }
    for row in rows:
        people.update(people_in(row))
    return Words(
        names=names_of(people),
        subjects=subjects,
        events=facts_of_events({row.event_id for row in rows if row.event_id}),
        one_event=one_event,
    )


def kind_of(row: AuditLog) -> str:
    """Return what a change did, also for rows from before kinds were recorded."""
    if row.kind:
        return row.kind
    status = (row.after or {}).get("status")
    names = {"insert": "created", "delete": "deleted", "update": status or "changed"}
    return names[row.action]


def _line(
    act: UUID,
    groups: Mapping[UUID, list[Group]],
    samples: Mapping[UUID, list[AuditLog]],
    words: Words,
) -> Act:
    rows = sorted(samples[act], key=lambda row: (described(row.table_name).rank, row.pk))
    main = rows[0]
    # Of a request and its tasks, the request acts.
    lead = min(rows, key=lambda row: (row.via == "task", row.pk))
    who = words.who(lead)
    cause = ""
    if main.cause and samples.get(main.cause):
        causing = _line(main.cause, groups, samples, words)
        cause = f"{causing.who} {causing.what}"
    via = VIA.get(lead.via, "")
    if who == SOFTWARE and lead.via == "task":
        via = task_in_words(lead.actor)
    return Act(
        id=act,
        at=moment(lead.at, words.facts(lead).zone),
        who=who,
        what=_what(main, groups[act], words),
        via="" if cause else via,
        also=_also(main, groups[act]),
        cause=cause,
        event="" if words.one_event else words.facts(main).name,
        actor=lead.actor if lead.signed is not False else "",
        is_signed=lead.signed is not False,
        total=sum(group.count for group in groups[act]),
        changes=[_change(row, words) for row in rows],
    )


def _what(main: AuditLog, groups: list[Group], words: Words) -> str:
    """Return the main thing that an act did: "cancelled 3 bookings"."""
    table, kind = described(main.table_name), kind_of(main)
    count = sum(g.count for g in groups if (g.table, g.kind) == (main.table_name, main.kind))
    return table.phrase(kind).format(
        object=words.object(main) if count == 1 else counted(count, table.noun, table.plural),
        person=words.person(main) if count == 1 else counted(count, "person", "people"),
        event=words.event(main),
    )


def _also(main: AuditLog, groups: list[Group]) -> list[str]:
    return [
        f"{counted(group.count, words.noun, words.plural)} {words.participle(group.kind)}"
        for group in sorted(groups, key=lambda group: described(group.table).rank)
        if (group.table, group.kind) != (main.table_name, main.kind)
        for words in [described(group.table)]
    ]


def _change(row: AuditLog, words: Words) -> Change:
    phrase = described(row.table_name).phrase(kind_of(row))
    return Change(
        who=words.who(row),
        what=phrase.format(
            object=words.object(row), person=words.person(row), event=words.event(row)
        ),
        at=moment(row.at, words.facts(row).zone),
        is_update=row.action == AuditLog.Action.UPDATE,
        values=values_of(row, words.facts(row), words.names),
    )


def _earlier() -> Act:
    return Act(
        id=EARLIER,
        at="",
        who="Earlier changes",
        what="",
        via="",
        also=["from before changes were grouped"],
        cause="",
        event="",
        actor="",
        is_signed=True,
        total=0,
    )


def changes_of_row(table: str, row_id: UUID, *, limit: int = 50) -> list[tuple[datetime, Change]]:
    """Return the changes of one row of an event with their times, oldest first."""
    found = AuditLog.objects.filter(row_id=row_id, table_name=table).order_by("id")
    rows = list(found[:limit])
    words = words_for(rows, one_event=True)
    return [(row.at, _change(row, words)) for row in rows]
