"""Prepared statements for the few queries of every booking and every request.

Django builds the SQL of a queryset anew each time, and the server parses and plans it anew. For a
query that runs hundreds of times a second that costs more than its result. Here it is built once
and prepared once per connection. The rest stays as it is: nothing is prepared globally, since other
statements share their message with what comes before them in a transaction.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from secrets import randbits
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import get_related_populators
from django.db.transaction import TransactionManagementError
from psycopg import ClientCursor
from psycopg.types.datetime import TimestamptzLoader

from evently.database.limits import waiting_for
from evently.database.replicas import reads_from_primary
from evently.database.taking import TakingCursor

Row = TypeVar("Row", bound=models.Model)

# Values that occur in a query as parameters and nowhere else, by their type. Lists are of ids.
STAND_INS: dict[type, Callable[[], Any]] = {
    UUID: uuid4,
    str: lambda: f"stand-in-{uuid4().hex}",
    list: lambda: [uuid4()],
    datetime: lambda: datetime.min.replace(tzinfo=UTC) + timedelta(microseconds=randbits(50)),
}


def execute_prepared(
    connection: BaseDatabaseWrapper,
    sql: str,
    parameters: Sequence[Any] | Mapping[str, Any],
    *,
    waits_for: UUID | None = None,
) -> list[tuple[Any, ...]]:
    """Execute a statement that the connection's server prepares, and return its rows.

    sql: constant, with %s or %(name)s for the parameters, which the server binds. Outside of a
    transaction it is one of its own, in one round trip. waits_for: the event
    whose locks it may have to wait for, within a limit (`evently.database.limits`).
    """
    # Each access through Django's proxy looks for the thread's connection anew.
    connection = connections[connection.alias]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    take = connection.take_identity()  # type: ignore[attr-defined]
    with connection.wrap_database_errors, TakingCursor(connection.connection) as cursor:
        cursor.take = take
        # Not Django's loader, which makes times in Python: the session's time zone is UTC.
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        execute = partial(_execute, cursor, waits_for)
        for wrapper in reversed(connection.execute_wrappers):
            execute = partial(wrapper, execute)
        started = time.monotonic()
        try:
            execute(sql, parameters, False, {"connection": connection, "cursor": cursor})
            return cursor.fetchall()
        finally:
            if connection.queries_logged:
                seconds = f"{time.monotonic() - started:.3f}"
                connection.queries_log.append({"sql": sql, "time": seconds})


def _execute(
    cursor: Any, waits_for: UUID | None, sql: str, parameters: Any, many: bool, context: Any
) -> None:
    with nullcontext() if waits_for is None else waiting_for(cursor.connection, waits_for):
        cursor.execute(sql, parameters, prepare=True)


class PreparedQuery(Generic[Row]):
    """A queryset whose SQL is built once, and prepared once per connection.

    As in `PreparedQuery(lambda pk: Event.objects.filter(pk=pk), pk=UUID)`. build: returns the
    queryset; its keyword arguments become the parameters, of the types given. Anything else in the
    queryset is a constant. It may have annotations and `select_related`, no `prefetch_related`.
    """

    def __init__(self, build: Callable[..., "models.QuerySet[Row]"], **parameters: type) -> None:
        self._build = build
        self._parameters = parameters
        self._compiled: _Selected | None = None

    def first(self, **values: Any) -> Row | None:
        """Return the first row for these parameters, or None."""
        return next(iter(self.rows(**values)), None)

    def rows(self, **values: Any) -> list[Row]:
        """Return the rows for these parameters."""
        return self._ready().rows(values)

    def tuples(self, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a queryset with `values_list`, as the database gives them."""
        return self._ready().tuples(values)

    def part(self, **values: Any) -> tuple[str, list[Any]]:
        """Return its SQL and parameters, to be a part of another statement that is prepared."""
        return self._ready().part(values)

    def made(self, rows: list[Any]) -> list[Row]:
        """Return the objects of rows that such a statement returned, without its own columns."""
        return self._ready().made(rows)

    def _ready(self) -> "_Selected":
        if self._compiled is None:
            # For good, whoever asks first.
            with reads_from_primary():
                self._compiled = _compile(self._build, self._parameters)
        return self._compiled


class _Selected:
    """The SQL of a queryset, and its parameters in order."""

    def __init__(self, compiler: Any, sql: str, names: list[str]) -> None:
        self._compiler, self._sql, self._names = compiler, sql, names

    def tuples(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        connection = connections[self._compiler.using]
        locks = self._compiler.query.select_for_update
        if locks and not connection.in_atomic_block:
            raise TransactionManagementError("Rows are locked until the end of a transaction.")
        waits_for = values.get("event_id") if locks else None
        return execute_prepared(connection, *self.part(values), waits_for=waits_for)

    def part(self, values: dict[str, Any]) -> tuple[str, list[Any]]:
        return self._sql, [values[name] for name in self._names]

    def rows(self, values: dict[str, Any]) -> list[Any]:
        return self.made(self.tuples(values))

    def made(self, found: list[Any]) -> list[Any]:
        raise TypeError("A queryset with values_list has no objects, only tuples.")


class _Compiled(_Selected):
    """One whose rows become objects, as in Django's `ModelIterable`."""

    def __init__(self, compiler: Any, sql: str, names: list[str]) -> None:
        super().__init__(compiler, sql, names)
        select, klass_info = compiler.select, compiler.klass_info
        own = klass_info["select_fields"]
        self._model, self._own = klass_info["model"], slice(own[0], own[-1] + 1)
        self._columns = [column[0].target.attname for column in select[self._own]]
        self._related = get_related_populators(  # type: ignore[call-arg]  # of a later Django
            klass_info, select, compiler.using
        )
        self._converters = compiler.get_converters([column[0] for column in select])

    def made(self, found: Any) -> list[Any]:
        if self._converters:
            found = self._compiler.apply_converters(found, self._converters)
        return [self._object(row) for row in found]

    def _object(self, row: Sequence[Any]) -> Any:
        made = self._model.from_db(self._compiler.using, self._columns, row[self._own])
        for populator in self._related:
            populator.populate(row, made)
        for name, position in self._compiler.annotation_col_map.items():
            setattr(made, name, row[position])
        return made


def _compile(build: Callable[..., Any], parameters: dict[str, type]) -> _Selected:
    stand_ins = {name: STAND_INS[kind]() for name, kind in parameters.items()}
    queryset = build(**stand_ins)
    connection = connections[queryset.db]
    compiler = queryset.query.get_compiler(using=queryset.db)
    sql, values = compiler.as_sql()
    connection.ensure_connection()
    literals = ClientCursor(connection.connection)
    first, *texts = sql.split("%s")
    parts, order = [first], []
    for value, text in zip(values, texts, strict=True):
        name = next((name for name, stand_in in stand_ins.items() if value == stand_in), None)
        if name is not None:
            order.append(name)
            parts.append("%s")
        else:
            # As a literal, so that the planner can use partial indexes.
            parts.append(literals.mogrify("%s", [value]).replace("%", "%%"))
        parts.append(text)
    if set(order) != set(parameters):
        raise ValueError(f"The query does not use {set(parameters) - set(order)}.")
    made = _Compiled if queryset._fields is None else _Selected
    return made(compiler, "".join(parts), order)
