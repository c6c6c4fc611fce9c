"""Pieces of SQL that migrations share."""

from django.db.migrations import RunSQL


def foreign_key(
    table: str, column: str, references: str, *, on_delete: str, name: str | None = None
) -> RunSQL:
    """Return the operation that adds a foreign key with a cascade of the database's own.

    Django 5.2 cascades in Python only; what goes with what must hold for plain SQL too. Checks
    on insert wait for the commit: made at once, they would lock the referred row first, and a
    hot event would lose half its speed.
    on_delete: CASCADE or RESTRICT. references: a table, by its id.
    """
    name = name or f"fk_{table}_{column.removesuffix('_id')}"
    return RunSQL(
        f'ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ("{column}")'
        f' REFERENCES {references} ("id") ON DELETE {on_delete} DEFERRABLE INITIALLY DEFERRED',
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def function_and_triggers(sql: str, *, functions: tuple[str, ...]) -> RunSQL:
    """Return the operation that makes functions with their triggers.

    Dropping a function with CASCADE takes its triggers along.
    functions: their signatures, for the way back.
    """
    return RunSQL(sql, "\n".join(f"DROP FUNCTION {name} CASCADE;" for name in functions[::-1]))
