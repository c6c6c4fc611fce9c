"""What must be somewhere, and is: row by row, in the database or in cold storage."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from evently.lifecycle import files
from evently.lifecycle.asking import ask
from evently.lifecycle.models import ColdFile, ColdState
from waitlists.ledger import OUT_OF_BALANCE

# Where rows of a kind are in the database, by the table that cold storage knows them by.
PLACES = {
    "bookings_archive": ("bookings", "bookings_archive"),
    "waitlists_archive": ("waitlists", "waitlists_archive"),
    "audit_log": ("audit_log",),
}
# The moment that a row's time counts from, and how many years it is kept at least.
KEPT = {"bookings_archive": 7, "waitlists_archive": 3, "audit_log": 7}
TOTALS = """
    SELECT coalesce(sum(seats), 0)::bigint || ' seats for '
        || coalesce(sum(amount), 0)::numeric(18, 2)
    FROM (SELECT sum(quantity) AS seats, sum(total_amount) AS amount FROM bookings_with_archived
        WHERE status <> 'cancelled'
        UNION ALL
        SELECT sum(seats), sum(amount) FROM archived_totals WHERE status <> 'cancelled') t
"""
# Each price leads to the next, and the last is the event's.
BROKEN_PRICES = """
    SELECT event_id FROM (
        SELECT h.event_id, h.old_price, h.new_price,
            lag(h.new_price, 1, h.old_price) OVER chain AS before,
            lead(h.old_price, 1, e.current_price) OVER chain AS after
        FROM pricing_history h JOIN events e ON e.id = h.event_id
        WINDOW chain AS (PARTITION BY h.event_id ORDER BY h.applied_at, h.id)) links
    WHERE old_price <> before OR new_price <> after
"""


class Unbalanced(AssertionError):
    """Rows were lost, or are in two places."""


@dataclass
class Balance:
    """The rows that were made, by kind, with the moments that their time counts from."""

    made: dict[str, dict[UUID, datetime]]
    totals: str
    _read: dict[str, list[UUID]] = field(default_factory=dict)

    @classmethod
    def taken(cls) -> "Balance":
        """Remember all rows that must not be lost."""
        made = {
            "bookings_archive": _moments("bookings b JOIN events e ON e.id = event_id", "b.id"),
            "waitlists_archive": _moments("waitlists b JOIN events e ON e.id = event_id", "b.id"),
            "audit_log": dict(_rows("SELECT id, at FROM audit_log")),
        }
        return cls(made, ask(TOTALS)[0])

    def check(self, *, at: datetime) -> dict[str, str]:
        """Return where the rows of each kind are, as text. Raises Unbalanced."""
        if ask(TOTALS)[0] != self.totals:
            raise Unbalanced(f"{ask(TOTALS)[0]} instead of {self.totals}")
        if broken := ask(BROKEN_PRICES):
            raise Unbalanced(f"prices of {len(broken)} events do not lead to each other")
        if odd := ask(OUT_OF_BALANCE):
            raise Unbalanced(f"seats of {len(odd)} events do not add up")
        return {kind: self._check(kind, at=at) for kind in self.made}

    def _check(self, kind: str, *, at: datetime) -> str:
        in_tables = [id_ for table in PLACES[kind] for id_ in ask(f"SELECT id FROM {table}")]
        in_files = [id_ for file in self._files(kind) for id_ in file]
        found = Counter(in_tables)
        found.update(in_files)
        if twice := [id_ for id_, number in found.items() if number > 1]:
            raise Unbalanced(f"{kind}: {len(twice)} rows are in two places")
        made = self.made[kind]
        lost = [id_ for id_ in made.keys() - found.keys() if not _is_over(made[id_], kind, at)]
        if lost:
            raise Unbalanced(f"{kind}: {len(lost)} rows are lost")
        gone = len(made.keys() - found.keys())
        return f"{len(in_tables):,} + {len(in_files):,} in files + {gone:,} over"

    def _files(self, kind: str) -> list[list[UUID]]:
        """Return the ids in each file; files never change, so that each is read once."""
        stored = ColdFile.objects.filter(table_name=kind, state=ColdState.STORED)
        for cold in stored:
            if cold.name not in self._read:
                rows = (json.loads(line.row) for line in files.read(cold))
                self._read[cold.name] = [UUID(row["id"]) for row in rows]
        return [self._read[cold.name] for cold in stored]


def _moments(source: str, id_: str) -> dict[UUID, datetime]:
    return dict(_rows(f"SELECT {id_}, coalesce(e.ends_at, e.event_date) FROM {source}"))


def _rows(statement: str) -> list[tuple[UUID, datetime]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _is_over(since: datetime, kind: str, at: datetime) -> bool:
    """Return whether a row may be gone: files are kept to the end of their month at least."""
    return since.replace(year=since.year + KEPT[kind], day=min(since.day, 28)) < at
