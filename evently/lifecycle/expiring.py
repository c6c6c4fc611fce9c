"""Rows that are deleted once they are old enough: by age, in batches."""

from collections.abc import Iterator

from django.db import connection, transaction

from evently.audit.context import stamp
from evently.lifecycle.registry import Work

BATCH = 5_000


def expiring(table: str, *, batch: int = BATCH) -> Work:
    """Return the work of deleting a table's old rows (`evently_expire`), a batch at a time."""

    def work() -> Iterator[int]:
        while True:
            with transaction.atomic(), connection.cursor() as cursor:
                stamp(connection)
                cursor.execute("SELECT evently_expire(%s, %s)", [table, batch])
                ((deleted,),) = cursor.fetchall()
            if deleted:
                yield deleted
            if deleted < batch:
                return

    return work


def old_rows(table: str, column: str, interval: str) -> int:
    """Return how many rows of a table have a column older than an interval."""
    name, at = (connection.ops.quote_name(part) for part in (table, column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {name} WHERE {at} < evently_clock() - %s::interval",  # noqa: S608
            [interval],
        )
        return int(cursor.fetchone()[0])
