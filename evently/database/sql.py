"""SQL operations that migrations share."""

from django.db.migrations import RunSQL


def foreign_key(
    table: str, column: str, references: str, *, on_delete: str, name: str | None = None
) -> RunSQL:
    """Return the operation that adds a foreign key with ON DELETE in the database.

    Django 5.2 cascades in Python only, but the rule must hold for plain SQL, too. The constraint is
    deferred to the commit: checked on insert, it would lock the event's row early and halve the
    rate of bookings for one event.
    on_delete: CASCADE or RESTRICT. references: a table, by its id.
    """
    name = name or f"fk_{table}_{column.removesuffix('_id')}"
    return RunSQL(
        f'ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ("{column}")'
        f' REFERENCES {references} ("id") ON DELETE {on_delete} DEFERRABLE INITIALLY DEFERRED',
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def function_and_triggers(sql: str, *, functions: tuple[str, ...]) -> RunSQL:
    """Return the operation that creates functions with their triggers.

    functions: their signatures, to reverse it; dropping a function with CASCADE drops its triggers.
    """
    return RunSQL(sql, "\n".join(f"DROP FUNCTION {name} CASCADE;" for name in functions[::-1]))
