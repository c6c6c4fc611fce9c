"""Inserts rows as the owner, with something for each column of which nothing is said.

Texts get marks, by which they are recognized in pages.
"""

from functools import cache
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.walked_world import EVENTS, NOW, Row, World

PLAIN: dict[str, Any] = {
    "uuid": uuid4,
    "boolean": lambda: False,
    "jsonb": lambda: Jsonb({}),
    "bytea": lambda: b"x",
    "text[]": lambda: ["x"],
    "tsvector": lambda: "word",
    "date": lambda: NOW.date(),
    "timestamp with time zone": lambda: NOW,
}
# Texts get marks, by which they are recognized in pages, unless something else must stand there.
TEXTS = ("text", "character varying(255)")
UNMARKED = {"timezone", "idempotency_key", "source_key", "ref", "applied_by"}
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = '',
        a.attgenerated <> '', EXISTS (SELECT FROM pg_constraint c
            WHERE c.conrelid = a.attrelid AND c.contype = 'c' AND a.attnum = ANY (c.conkey))
    FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""
KEY = """
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = %s::regclass AND i.indisprimary
"""


class Filler:
    """Inserts rows as the owner, with values for what nobody says anything about."""

    def __init__(self, connection: "psycopg.Connection[Any]", world: "World") -> None:
        self._connection = connection
        self.world = world
        self._columns = cache(self._read_columns)

    def _read_columns(self, table: str) -> list[tuple[str, str, bool, bool, bool]]:
        return self._connection.execute(COLUMNS, [table]).fetchall()

    def name(self, table: str, *, is_partition: bool) -> None:
        """Note a table and its key."""
        ((key,),) = self._connection.execute(KEY, [table]).fetchall()
        named = self.world.partitions if is_partition else self.world.keys
        named[table] = "id" if "id" in key.split(", ") else key

    def run(self, statement: str) -> None:
        self._connection.execute(statement)

    def add(
        self,
        table: str,
        *people: str,
        event: str | None = None,
        by: str | None = None,
        **given: Any,
    ) -> dict[str, Any]:
        """Insert a row of people and an event; return it. The first of them is its user.

        by: who made it for them, where rows say so.
        """
        world, values, marks = self.world, dict(given), []
        for name, kind, is_needed, is_generated, is_checked in self._columns(table):
            if name in values or is_generated:
                continue
            if name == "user_id" and people:
                values[name] = world.people[people[0]]
            elif name == "event_id" and event:
                values[name] = world.events[event]
            elif name == "organizer_id" and event:
                values[name] = world.people[EVENTS[event]]
            elif kind in TEXTS and not is_checked and name not in UNMARKED:
                values[name] = uuid4().hex[:20]
                marks.append(values[name])
            elif is_needed:
                values[name] = _plain(kind)
        key = world.keys[table]
        statement = sql.SQL(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})"
            " RETURNING *, {}::text AS walked"
        ).format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
            sql.Identifier(key),
        )
        with self._connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            found = cursor.execute(statement, list(values.values())).fetchone()
        assert found is not None
        first = people[0] if people else None
        row = Row(found["walked"], frozenset(people), event, first, by, tuple(marks))
        world.rows[table].append(row)
        return found


def _plain(kind: str) -> Any:
    if kind in PLAIN:
        return PLAIN[kind]()
    if kind.startswith(("numeric", "integer", "smallint", "bigint")):
        return 1
    return uuid4().hex[:20]  # text, in columns of any length
