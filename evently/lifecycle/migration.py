"""Migration operations that let rows of a table expire, or go to cold storage."""

from django.db.migrations.operations import RunSQL

INSERT = """
    INSERT INTO secrets.retention
        (table_name, how, at_column, order_column, period, is_logged, is_restorable)
    VALUES ('{table}', '{how}', '{at}', '{order}', '{period}', {logged}, {restorable})
"""


def deleted_after(
    period: str, table: str, *, at: str, order: str = "id", logged: bool = True
) -> RunSQL:
    """Let `evently_expire` delete a table's rows once they are older than a period.

    at: the column that says how old. order: one with an index that finds the oldest rows first; ids
    are ordered by time. logged: whether the audit log gets a line for each batch.
    """
    return _retained(table, "delete", at, order, period, logged=logged, restorable=False)


def to_cold_after(
    period: str, table: str, *, at: str, order: str = "id", restorable: bool = False
) -> RunSQL:
    """Let `evently_move_to_cold` delete a table's rows that a file in cold storage holds.

    restorable: whether `evently_restore_from_cold` may insert them again.
    """
    return _retained(table, "cold", at, order, period, logged=True, restorable=restorable)


def _retained(
    table: str, how: str, at: str, order: str, period: str, *, logged: bool, restorable: bool
) -> RunSQL:
    return RunSQL(
        INSERT.format(
            table=table,
            how=how,
            at=at,
            order=order,
            period=period,
            logged=str(logged).lower(),
            restorable=str(restorable).lower(),
        ),
        f"DELETE FROM secrets.retention WHERE table_name = '{table}' AND how = '{how}'",  # noqa: S608
    )
