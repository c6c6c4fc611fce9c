"""Fill a database with a year of sales (`year.sql`), as the owner, by plain SQL."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.large import make_people, unguarded
from bench.progress import Progress

STATEMENTS = Path(__file__).with_name("year.sql")
PARTS = 40
# What the bar counts.
COUNTED = ("INSERT INTO bookings ", "INSERT INTO booking_attempts ", "INSERT INTO waitlists ")


@dataclass(frozen=True)
class Size:
    """How much there is. waiting: entries; attempts: with those that succeeded, of 90 days."""

    events: int = 2_000
    bookings: int = 500_000
    waiting: int = 50_000
    attempts: int = 5_000_000

    @property
    def people(self) -> int:
        """Return how many it takes, with one waitlist entry for an event and 20 bookings each."""
        return max(self.bookings // 20, self.waiting * 5 // 4 + 10)


def fill(database: "psycopg.Connection[Any]", size: Size) -> None:
    """Fill a migrated, empty database; Django must be set up, for the keys of users.

    database: the owner's connection. With autocommit, indexes are built afterwards; within a
    transaction, which stays open, they are kept, for small sizes.
    """
    small = not database.autocommit
    progress = Progress(size.bookings + size.attempts + size.waiting * 5 // 4 + size.people)
    database.execute("SET statement_timeout = 0; SET jit = off; SET work_mem = '256MB'")
    database.execute("SET maintenance_work_mem = '256MB'; SET timezone = 'UTC'")
    for name in ("events", "bookings", "waiting", "attempts"):
        database.execute(f"SET bench.{name} = {getattr(size, name):d}".encode())
    database.execute(f"SET bench.parts = {PARTS}")
    progress.begin("people")
    make_people(database, size.people)
    progress.add(size.people)
    with unguarded(database, small=small):
        for statement in STATEMENTS.read_text().split(";\n"):
            _run(database, statement.strip(), progress)
        if small:
            database.execute("SET CONSTRAINTS ALL IMMEDIATE")
    progress.begin("statistics")
    database.execute("ANALYZE" if small else "VACUUM ANALYZE")
    database.execute("RESET ALL")
    progress.end()


def _run(database: "psycopg.Connection[Any]", statement: str, progress: Progress) -> None:
    if not statement:
        return
    for line in statement.splitlines():
        if line.startswith("--- "):
            progress.begin(line.removeprefix("--- "))
    parts = PARTS if "bench.part'" in statement else 1
    for part in range(parts):
        database.execute(f"SET bench.part = {part}")
        rows = database.execute(statement.encode()).rowcount
        if any(words in statement for words in COUNTED):
            progress.add(rows)
