"""Acts: the changes of one request with those of its tasks, read from the audit log.

Acts are UUIDs of version 7, so they are ordered by time, and a page of them is found by jumping
from act to act in an index, however many changes each has.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count

from evently.audit.models import EARLIER, AuditLog

# Of each kind of change, how many rows stand for all.
SAMPLES = 3
NEWEST = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True)
class Wanted:
    """Which acts are wanted: of an event, of an actor, of changes of tables, of a time."""

    event_id: UUID | None = None
    actor: str = ""
    tables: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> tuple[str, dict[str, Any]]:
        """Return SQL that follows AND or WHERE, with its parameters."""
        parts = ["true"]
        parameters: dict[str, Any] = {}
        for column, operator, value in (
            ("event_id", "=", self.event_id),
            ("actor", "=", self.actor),
            ("act", ">=", self.since and first_act_at(self.since)),
        ):
            if value:
                parts.append(f"{column} {operator} %({column})s")
                parameters[column] = value
        if self.tables:
            parts.append("table_name = ANY(%(tables)s)")
            parameters["tables"] = list(self.tables)
        return " AND ".join(parts), parameters


def first_act_at(at: datetime) -> UUID:
    """Return the lowest UUID of version 7 of a moment."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def newest_acts(wanted: Wanted, *, before: UUID = NEWEST, limit: int) -> list[UUID]:
    """Return the acts before one, newest first; the one of all earlier changes is the last."""
    where, parameters = wanted.conditions()
    if wanted.until is not None:
        before = min(before, first_act_at(wanted.until))
    step = f"SELECT act FROM audit_log WHERE {where} AND act < {{}} ORDER BY act DESC LIMIT 1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE page AS ("  # noqa: S608 - names of columns only
            f"(SELECT act, 1 AS number FROM ({step.format('%(before)s')}) AS first)"
            " UNION ALL SELECT following.act, number + 1 FROM page,"
            f" LATERAL ({step.format('page.act')}) AS following WHERE number < %(limit)s"
            ") SELECT act FROM page",
            parameters | {"before": before, "limit": limit},
        )
        return [act for (act,) in cursor.fetchall()]


@dataclass(frozen=True)
class Group:
    """How many rows of a table an act changed in the same way."""

    table: str
    kind: str
    count: int


def groups_of(acts: Collection[UUID], *, event_id: UUID | None) -> dict[UUID, list[Group]]:
    """Return what each act changed; of the earlier changes nothing, since those may be millions."""
    found: dict[UUID, list[Group]] = {act: [] for act in acts}
    rows = AuditLog.objects.filter(act__in=[act for act in acts if act != EARLIER])
    if event_id is not None:
        rows = rows.filter(event_id=event_id)
    counted = rows.order_by().values_list("act", "table_name", "kind").annotate(number=Count("*"))
    for act, table, kind, count in counted:
        found[act].append(Group(table, kind, count))
    return found


def samples_of(
    groups: dict[UUID, list[Group]], *, event_id: UUID | None
) -> dict[UUID, list[AuditLog]]:
    """Return a few rows of each group, by act."""
    wanted = [
        (act, group.table, group.kind) for act, members in groups.items() for group in members
    ]
    found: dict[UUID, list[AuditLog]] = {act: [] for act in groups}
    if not wanted:
        return found
    acts, tables, kinds = (list(column) for column in zip(*wanted, strict=True))
    rows = AuditLog.objects.raw(
        "SELECT sample.* FROM unnest(%s::uuid[], %s::text[], %s::text[])"  # noqa: S608
        " AS wanted(act, table_name, kind), LATERAL ("
        "  SELECT * FROM audit_log AS a WHERE a.act = wanted.act"
        "  AND a.table_name = wanted.table_name AND a.kind = wanted.kind"
        f" {'' if event_id is None else 'AND a.event_id = %s'} LIMIT {SAMPLES}) AS sample",
        [acts, tables, kinds, *([] if event_id is None else [event_id])],
    )
    for row in rows:
        found[row.act].append(row)
    return found


def changes_of(
    act: UUID, *, event_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[AuditLog]:
    """Return rows of one act in their order, from after one on."""
    rows = AuditLog.objects.filter(act=act)
    if event_id is not None:
        rows = rows.filter(event_id=event_id)
    if act == EARLIER:  # newest first, as all else
        rows = rows.filter(id__lt=after) if after else rows
        return list(rows.order_by("-id")[:limit])
    rows = rows.filter(id__gt=after) if after else rows
    return list(rows.order_by("id")[:limit])


def act_that(kind: str, *, table: str, row_id: UUID) -> str:
    """Return the latest act that did something to a row, "" if there is none."""
    row = (
        AuditLog.objects.filter(row_id=row_id, table_name=table, kind=kind).order_by("-id").first()
    )
    return "" if row is None or row.act == EARLIER else str(row.act)
