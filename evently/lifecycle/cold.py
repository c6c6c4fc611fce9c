"""Moving rows to cold storage, and deleting its files when their time is over.

A kill at any point loses nothing: a file counts only once its row says so, in the transaction that
deletes the rows which it holds (`evently_move_to_cold`). What was begun before is begun again.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from psycopg import sql

from evently.audit.context import stamp
from evently.database.clock import now
from evently.database.ids import uuid7
from evently.lifecycle import files, signing
from evently.lifecycle.failures import ColdFileDamaged, ColdFileExists, ColdStorageUnreachable
from evently.lifecycle.files import Line
from evently.lifecycle.models import ColdFile, ColdState
from evently.privacy.models import PersonKey

ROWS_PER_FILE = 5_000
# How long restored rows stay in the database.
RESTORED_FOR = timedelta(days=30)
# A batch may take longer than a request.
LONG = "240s"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Cold:
    """A table whose rows go to cold storage; its migration says when (`to_cold_after`).

    at, order: as there. years: how long a file is kept, from the end of its month. person: the
    column with the id of the person a row is about. sealed: columns whose texts may say something
    about that person, sealed under their key in the file. dropped: columns or keys of JSON columns
    that are left out.
    """

    table: str
    at: str
    interval: str
    years: int
    order: str = "id"
    person: str = ""
    sealed: tuple[str, ...] = ()
    emptied: tuple[tuple[str, tuple[str, ...]], ...] = ()

    # ── What is due ─────────────────────────────────────────────────────────
    def due(self) -> int:
        """Return how many rows are due, without those that were restored."""
        query = sql.SQL(
            "SELECT count(*) FROM {table} WHERE {at} < {until} AND {month} <> ALL(%s)"
        ).format(**self._names())
        with connection.cursor() as cursor:
            cursor.execute(query, [self._restored()])
            return int(cursor.fetchone()[0])

    def work(self) -> Iterator[int]:
        """Move what is due, a file at a time; yields the rows of each.

        Raises ColdStorageUnreachable at once; ColdFileDamaged once all else is done.
        """
        discard_unfinished(self.table)
        damaged: list[ColdFileDamaged] = []
        yield from self._return_restored(damaged)
        is_first = True
        while rows := self._oldest():
            if is_first:
                files.insist_on_place()
                is_first = False
            yield self._move(rows[0].month, [row for row in rows if row.month == rows[0].month])
        if damaged:
            raise damaged[0]

    def _names(self) -> dict[str, sql.Composable]:
        at = sql.Identifier(self.at)
        return {
            "table": sql.Identifier(self.table),
            "at": at,
            "order": sql.Identifier(self.order),
            "month": sql.SQL("date_trunc('month', {} AT TIME ZONE 'UTC')::date").format(at),
            # Whole months, so that a month is in few files.
            "until": sql.SQL(
                "date_trunc('month', (evently_clock() - {}::interval) AT TIME ZONE 'UTC')"
                " AT TIME ZONE 'UTC'"
            ).format(sql.Literal(self.interval)),
        }

    def _restored(self) -> list[date]:
        """Return the months that are in the database again."""
        restored = ColdFile.objects.filter(table_name=self.table, state=ColdState.RESTORED)
        return list(restored.order_by().values_list("month", flat=True).distinct())

    def _oldest(self) -> "list[_Row]":
        """Return the oldest rows that are due, in the order of their months."""
        query = sql.SQL(
            "SELECT id, xmin::text, {month} AS month, {row}::text, {person}, {sealed} FROM ("
            "SELECT *, xmin FROM {table} WHERE {month} <> ALL(%s) ORDER BY {order} LIMIT %s"
            ") AS r WHERE {at} < {until} ORDER BY month, id"
        ).format(**self._names(), **self._columns())
        with connection.cursor() as cursor:
            cursor.execute(query, [self._restored(), ROWS_PER_FILE])
            return [_Row(*row) for row in cursor.fetchall()]

    def _columns(self) -> dict[str, sql.Composable]:
        row: sql.Composable = sql.SQL("to_jsonb(r) - 'xmin'")
        for column in self.sealed:
            row = sql.SQL("{} - {}").format(row, sql.Literal(column))
        for column, keys in self.emptied:
            row = sql.SQL("({} || jsonb_build_object({}, {} - {}::text[]))").format(
                row, sql.Literal(column), sql.Identifier(column), sql.Literal(list(keys))
            )
        texts = [sql.Identifier(column) for column in self.sealed]
        return {
            "row": sql.SQL("({})").format(row),
            "person": sql.Identifier(self.person) if self.person else sql.SQL("NULL"),
            "sealed": sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(texts)),
        }

    # ── Moving ──────────────────────────────────────────────────────────────
    def _move(self, month: date, rows: "list[_Row]") -> int:
        """Write a file and read it back, then delete its rows and list it, in one transaction."""
        content = files.packed(self._lines(rows))
        id_ = uuid7()
        cold = ColdFile(
            pk=id_,
            table_name=self.table,
            month=month,
            name=f"{self.table}/{month:%Y}/{month:%Y-%m}-{id_.hex}.jsonl.gz",
            rows=len(rows),
            bytes=len(content),
            sha256=files.digest(content),
            delete_after=_years_after(month, self.years),
        )
        cold.signature = signing.sign(files.signed_part(cold))
        with transaction.atomic():
            stamp(connection)
            cold.save(force_insert=True)
        try:
            files.write(cold, content)
            move_rows(cold, [(row.id, row.version) for row in rows])
        except ColdStorageUnreachable:
            # It would not answer to the removal either: that is for the next run.
            discard(cold, later=True)
            raise
        except ColdFileExists:
            discard(cold, file_is_ours=False)
            raise
        except Exception:
            discard(cold)
            raise
        return len(rows)

    def _lines(self, rows: "list[_Row]") -> list[Line]:
        people = {row.person for row in rows if row.person and any(row.texts)}
        keys = PersonKey.objects.in_bulk(people)
        return [Line(row.row, self._sealed(row, keys)) for row in rows]

    def _sealed(self, row: "_Row", keys: dict[UUID, PersonKey]) -> dict[str, str]:
        """Return the texts of a row under its person's key; "" for none, or without a key."""
        key = keys.get(row.person) if row.person else None
        texts = zip(self.sealed, row.texts, strict=True)
        return {column: key.seal("cold", text) if key and text else "" for column, text in texts}

    # ── Restored rows go back ───────────────────────────────────────────────
    def _return_restored(self, damaged: list[ColdFileDamaged]) -> Iterator[int]:
        """Delete restored rows again whose time in the database is over; their files stay.

        Rows whose file is damaged stay in the database: they are the only copy. damaged: gets why.
        """
        over = ColdFile.objects.filter(
            table_name=self.table,
            state=ColdState.RESTORED,
            restored_at__lt=now() - RESTORED_FOR,
        )
        for cold in over.order_by("pk"):
            try:
                ids = [json.loads(line.row)["id"] for line in files.read(cold)]
            except ColdFileDamaged as damage:
                damaged.append(damage)
                continue
            query = sql.SQL("SELECT id, xmin::text FROM {table} WHERE id = ANY(%s::uuid[])")
            with connection.cursor() as cursor:
                cursor.execute(query.format(**self._names()), [ids])
                found = cursor.fetchall()
            move_rows(cold, found)
            yield len(found)


@dataclass(frozen=True)
class _Row:
    """A row that is due. version: its xmin. row: JSON. texts: of the columns to be sealed."""

    id: UUID
    version: str
    month: date
    row: str
    person: UUID | None
    texts: list[str | None]


def move_rows(cold: ColdFile, rows: Sequence[tuple[Any, str]]) -> None:
    """Delete rows that a file holds, and list the file as stored. rows: ids and versions."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{LONG}'")
        stamp(connection)
        ids, versions = [row[0] for row in rows], [row[1] for row in rows]
        cursor.execute("SELECT evently_move_to_cold(%s, %s, %s)", [cold.pk, ids, versions])


def discard_unfinished(table: str) -> None:
    """Remove what a run that was killed has left: files that count for nothing."""
    for cold in ColdFile.objects.filter(table_name=table, state=ColdState.WRITING):
        discard(cold)


def discard(cold: ColdFile, *, later: bool = False, file_is_ours: bool = True) -> None:
    """Remove a file whose rows are still in the database.

    Its row loses its checksum first, without which the rows can never leave for it: whether they
    have left may be unknown here, if the connection broke at the commit, and only a file that is
    certain not to hold the only copy is removed. The row goes last, so that a storage that fails
    meanwhile is asked again (`discard_unfinished`).

    later: leave the file to the next run. file_is_ours: False for one that was there before.
    """
    with transaction.atomic():
        stamp(connection)
        unfinished = ColdFile.objects.filter(pk=cold.pk, state=ColdState.WRITING)
        is_void = unfinished.update(sha256="", signature="") > 0
    # Another run, which took this one for dead, may have done that before the file was written.
    is_gone = not is_void and not ColdFile.objects.filter(pk=cold.pk).exists()
    if later or not (is_void or is_gone):
        return
    if file_is_ours:
        files.remove(cold.name)
    with transaction.atomic():
        stamp(connection)
        ColdFile.objects.filter(pk=cold.pk, state=ColdState.WRITING).delete()
    log.warning("cold_file_discarded", file=cold.name)


def _years_after(month: date, years: int) -> datetime:
    """Return the moment so many years after the end of a month, in UTC."""
    following = month.year * 12 + month.month  # the month after it, counted from zero
    year, index = divmod(following, 12)
    return datetime(year + years, index + 1, 1, tzinfo=now().tzinfo)


# ── Files whose time is over ────────────────────────────────────────────────
def files_due() -> int:
    return ColdFile.objects.filter(state=ColdState.STORED, delete_after__lte=now()).count()


def delete_old_files() -> Iterator[int]:
    """Delete files whose time is over, then their rows, which the audit log keeps; yields rows."""
    due = ColdFile.objects.filter(state=ColdState.STORED, delete_after__lte=now())
    for cold in list(due.order_by("delete_after", "pk")):
        files.remove(cold.name)
        if files.is_there(cold.name):
            raise ColdFileDamaged(f"{cold.name} could not be deleted.")
        with transaction.atomic():
            stamp(connection)
            ColdFile.objects.filter(pk=cold.pk).delete()
        yield cold.rows
