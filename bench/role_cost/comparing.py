"""The statements of a page, under the role that takes them, and as the owner without policies."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, connections
from psycopg import ClientCursor

from evently.database import identity
from evently.database.identity import Identity

# Statements of one text beyond these are taken to cost what these do on average.
MEASURED_OF_A_TEXT = 6
# A statement that takes longer is measured once more and not again.
SLOW_MS = 300.0


@dataclass
class Statement:
    """A statement of a page. times: how many of its text there were."""

    sql: str
    parameters: Any
    identity: Identity
    times: float = 1.0


@dataclass
class Cost:
    """CPU milliseconds of the database's process, the best of some rounds."""

    statement: Statement
    owner: float = float("inf")
    role: float = float("inf")
    rows: tuple[int, int] = (0, 0)


@dataclass
class Statements:
    """Keeps what is executed, with the identity under which it was."""

    found: list[Statement] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("SELECT", "WITH", "(SELECT", "(")):
            self.found.append(Statement(sql, parameters, identity.current()))
        return execute(sql, parameters, many, context)

    def thinned(self) -> list[Statement]:
        """Return the statements, of each text some, which stand for all."""
        texts: dict[str, list[Statement]] = {}
        for statement in self.found:
            texts.setdefault(statement.sql, []).append(statement)
        kept = []
        for same in texts.values():
            # Also from the end: the last of many are not like the first.
            some = same[:: max(len(same) // MEASURED_OF_A_TEXT, 1)][:MEASURED_OF_A_TEXT]
            for statement in some:
                statement.times = len(same) / len(some)
            kept += some
        return kept


@contextmanager
def kept_statements() -> Iterator[Statements]:
    statements = Statements()
    with connection.execute_wrapper(statements):
        yield statements


class Session:
    """A connection that runs statements as the application does, by one database process."""

    def __init__(self, url: str) -> None:
        from django.conf import settings

        options = settings.DATABASES["default"]["OPTIONS"]["options"]
        self.database = psycopg.connect(
            url, autocommit=True, options=options, cursor_factory=ClientCursor
        )
        self.database.execute("SET statement_timeout = 0")
        # Of other processes' CPU nothing would be known.
        self.database.execute("SET max_parallel_workers_per_gather = 0")
        self._clock = Path(f"/proc/{self.database.info.backend_pid}/schedstat")

    def nanoseconds(self) -> int:
        """Return the CPU time of its process so far."""
        return int(self._clock.read_text().split()[0])

    @contextmanager
    def transaction(self, statements: Sequence[str]) -> Iterator[None]:
        """Run a block after these statements, and undo what it does."""
        self.database.execute("BEGIN")
        for statement in statements:
            self.database.execute(statement.encode())
        try:
            yield
        finally:
            self.database.execute("ROLLBACK")


class Comparison:
    """A session of the owner, whom no policy holds, and one of the application's login."""

    def __init__(self, owner_url: str, url: str, *, rounds: int) -> None:
        self.owner, self.application = Session(owner_url), Session(url)
        self.rounds = rounds

    def close(self) -> None:
        """Close its connections, and Django's, so that the database can be dropped."""
        self.owner.database.close()
        self.application.database.close()
        connections.close_all()

    @contextmanager
    def _session(self, who: Identity, *, policies: bool) -> Iterator[Session]:
        _, *settings = who.statements
        session = self.application if policies else self.owner
        with session.transaction(who.statements if policies else settings):
            yield session

    def _once(self, statement: Statement, *, policies: bool) -> tuple[float, int]:
        with self._session(statement.identity, policies=policies) as session:
            before = session.nanoseconds()
            found = session.database.execute(statement.sql.encode(), statement.parameters or None)
            return (session.nanoseconds() - before) / 1e6, len(found.fetchall())

    def cost(self, statement: Statement) -> Cost:
        """Run a statement both ways, by turns."""
        cost = Cost(statement)
        for number in range(self.rounds):
            owner, rows = self._once(statement, policies=False)
            role, rows_of_role = self._once(statement, policies=True)
            cost.owner, cost.role = min(cost.owner, owner), min(cost.role, role)
            cost.rows = (rows, rows_of_role)
            if number and owner + role > SLOW_MS:
                break
        return cost

    def plan(self, statement: Statement, *, policies: bool, text: bool = True) -> Any:
        """Return the plan of a statement with what it took; text: as lines, else as JSON."""
        with self._session(statement.identity, policies=policies) as session:
            kind = "TEXT" if text else "JSON"
            rows = session.database.execute(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT {kind}) {statement.sql}".encode(),
                statement.parameters or None,
            ).fetchall()
        return "\n".join(line for (line,) in rows) if text else _parsed(rows[0][0])


def _parsed(explained: Any) -> Any:
    return json.loads(explained) if isinstance(explained, str) else explained
