"""For migrations: rows of an event bear its organizer, by which policies say who may see them.

`organizer_id` is derived: triggers set and keep it (`events/sql/organizer_*.sql`). A table gets it
in three migrations: the nullable column with its triggers; `filled` and `not_null_soon`, without a
transaction around them; `never_null`.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import OperationalError, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import AlterField, RunPython, RunSQL

ROWS_PER_TRANSACTION = 1_000
# Rows that others hold are left to a later pass.
PASSES = 300
PASS_SECONDS = 0.2
LOWEST = UUID(int=0)

OF_EVENT = "(SELECT e.created_by_id FROM events e WHERE e.id = rows.event_id)"
# For guards of updates: false for an update that only fills a row from before the column.
NOT_FILLED = """(OLD.organizer_id IS NOT NULL OR NEW.organizer_id IS NULL
        OR NEW.event_id IS DISTINCT FROM OLD.event_id)"""

BATCH = """
    WITH batch AS (
        SELECT id FROM {table} AS rows
        WHERE id > %s AND organizer_id IS NULL AND {where} ORDER BY id LIMIT %s {lock}
    ), filled AS (
        UPDATE {table} AS rows SET organizer_id = {organizer} FROM batch WHERE rows.id = batch.id
    )
    SELECT id FROM batch ORDER BY id DESC LIMIT 1
"""
# Whoever changes a waitlist, or the payments of a booking, has the event's lock first.
LOCK_EVENTS = """
    SELECT id FROM events WHERE id IN (
        SELECT event_id FROM {table} AS rows
        WHERE id > %s AND organizer_id IS NULL AND {where} ORDER BY id LIMIT %s)
    ORDER BY id FOR NO KEY UPDATE
"""
REST = """
    SELECT EXISTS (
        SELECT FROM {table} AS rows
        WHERE organizer_id IS NULL AND {where} AND {organizer} IS NOT NULL)
"""


def organizer_triggers(table: str, *, foreign_key: str = "", sets: bool = True) -> RunSQL:
    """Return the operation that lets triggers set and keep a table's `organizer_id`.

    foreign_key: the name under which a row of an unknown event is refused; "" where another
    trigger refuses it. sets: false where the table's own trigger sets it.
    """
    argument = f"'{foreign_key}'" if foreign_key else ""
    setting = f"""
        CREATE TRIGGER trg_organizer_set BEFORE INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION evently_organizer_set({argument});"""
    # Named to run before the guards of updates, which then see what is kept.
    return RunSQL(
        f"""{setting if sets else ""}
        CREATE TRIGGER trg_a_organizer_kept BEFORE UPDATE OF event_id, organizer_id ON {table}
            FOR EACH ROW EXECUTE FUNCTION evently_organizer_kept();""",
        f"DROP TRIGGER trg_a_organizer_kept ON {table};"
        + (f"DROP TRIGGER trg_organizer_set ON {table};" if sets else ""),
    )


def filled(
    table: str,
    *,
    guards: tuple[str, str] | None = None,
    organizer: str = OF_EVENT,
    where: str = "event_id IS NOT NULL",
    events_first: bool = False,
    rows: int = ROWS_PER_TRANSACTION,
) -> RunPython:
    """Return the operation that fills a table's `organizer_id`; for migrations with atomic = False.

    It may be run again, also after it was killed.

    guards: the statements that create triggers that would refuse it, as usual and as they are
    meanwhile (`NOT_FILLED`). organizer: an expression of `rows`. where: which rows have one.
    events_first: lock their events before the rows, where triggers would afterwards. rows: how many
    are filled in a transaction.
    """
    usual, meanwhile = guards or ("", "")
    names = {"table": table, "organizer": organizer, "where": where}
    # Never waits for a row while it holds others: somebody could wait the other way round.
    batch = BATCH.format(lock="" if events_first else "FOR NO KEY UPDATE SKIP LOCKED", **names)
    lock = LOCK_EVENTS.format(**names) if events_first else ""

    def fill(apps: Any, schema_editor: Any) -> None:
        connection = schema_editor.connection
        if guards:
            schema_editor.execute(_created(table, meanwhile, instead_of=usual))
        for _ in range(PASSES):
            _walk(lambda after: _fill_batch(connection, lock, batch, [after, rows]))
            with connection.cursor() as cursor:
                cursor.execute(REST.format(**names))
                if not cursor.fetchone()[0]:
                    break
            time.sleep(PASS_SECONDS)
        else:
            raise RuntimeError(
                f"Rows of {table} stay locked. End the sessions that hold them, and migrate again."
            )
        if guards:
            schema_editor.execute(_created(table, usual, instead_of=meanwhile))

    return RunPython(fill, RunPython.noop, elidable=False)


def not_null_soon(table: str, column: str = "organizer_id") -> RunSQL:
    """Return the operation that refuses NULL in new rows, once all are filled."""
    return RunSQL(
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS chk_{table}_{column};"
        f"ALTER TABLE {table} ADD CONSTRAINT chk_{table}_{column}"
        f" CHECK ({column} IS NOT NULL) NOT VALID",
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS chk_{table}_{column}",
    )


def never_null(
    columns: Sequence[tuple[str, str, str, models.Field]],
) -> list[RunSQL | AlterField]:
    """Return the operations that make columns NOT NULL, which reads rows only while others write.

    columns: of each the model, the table, the field's name, and the field, which is not null.
    """
    reads, ends = [], []
    operations: list[RunSQL | AlterField] = []
    for model, table, name, field in columns:
        check = f"chk_{table}_{column_of(name, field)}"
        reads.append(RunSQL(f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}", RunSQL.noop))
        operations.append(AlterField(model, name, field))
        ends.append(
            RunSQL(
                f"ALTER TABLE {table} DROP CONSTRAINT {check}",
                f"ALTER TABLE {table} ADD CONSTRAINT {check}"
                f" CHECK ({column_of(name, field)} IS NOT NULL) NOT VALID",
            )
        )
    return [*reads, *operations, *ends]


def column_of(name: str, field: models.Field) -> str:
    """Return the column of a field."""
    return f"{name}_id" if isinstance(field, models.ForeignKey) else name


def _created(table: str, triggers: str, *, instead_of: str) -> str:
    """Return the statements that create triggers instead of others, in one transaction."""
    names = dict.fromkeys(re.findall(r"TRIGGER (\w+)", triggers + instead_of))
    drops = [f"DROP TRIGGER IF EXISTS {name} ON {table};" for name in names]
    return "\n".join([*drops, triggers])


def _walk(step: Callable[[UUID], UUID | None]) -> None:
    after: UUID | None = LOWEST
    while after is not None:
        after = step(after)


def _fill_batch(
    connection: BaseDatabaseWrapper, lock: str, batch: str, bounds: list[Any]
) -> UUID | None:
    """Fill one batch, and return its last id; again after a deadlock or a long wait."""
    for attempt in range(PASSES):
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                if lock:
                    cursor.execute(lock, bounds)
                cursor.execute(batch, bounds)
                row = cursor.fetchone()
            return row[0] if row else None
        except OperationalError:
            if attempt == PASSES - 1 or connection.connection.closed:
                raise
            time.sleep(PASS_SECONDS)
    raise AssertionError("unreachable")
