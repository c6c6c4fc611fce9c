"""Measure what a long waitlist costs the database: CPU time of its backend, by what is done.

    python -m bench.line_growth --lengths 100 10000

Works in a database of its own, by plain SQL, each step committed. Medians of five rounds, in
milliseconds; every round does all steps, so that they share the machine's moods.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.line_cost import BOOKING, EVENT, SEALED
from bench.throwaway import throwaway_database

ROUNDS = 5
# At so many lengths, so many single joins stand for the filling of the whole line.
STAGES, JOINS_PER_STAGE = 10, 10
OFFERS_AT_ONCE = 500

Connection = psycopg.Connection[Any]

USERS = """
    INSERT INTO users (email, name, email_verified_at)
    SELECT %s, %s, now() FROM generate_series(1, %s) RETURNING id
"""
JOIN = """
    INSERT INTO waitlists (event_id, user_id, quantity, min_quantity, confirmed_at)
    SELECT %s, id, 1, 1, evently_clock() FROM unnest(%s::uuid[]) id
"""
LEAVE = "UPDATE waitlists SET status = 'left' WHERE event_id = %s AND id = %s"
TO_TOP = """
    UPDATE waitlists SET priority_score = priority_score + 1, priority_reason = 'moved'
    WHERE event_id = %s AND id = %s
"""
PROMOTE = """
    UPDATE waitlists SET status = 'promoted' WHERE event_id = %s AND id = ANY(%s)
"""
OFFER = """
    INSERT INTO waitlist_promotions (event_id, waitlist_id, user_id, quantity, window_minutes,
        promoted_at, expires_at)
    SELECT event_id, id, user_id, 1, 60, evently_clock(), evently_clock() + interval '1 hour'
    FROM waitlists WHERE event_id = %s AND id = ANY(%s)
"""
ADD_SEATS = "UPDATE events SET total_capacity = total_capacity + %s WHERE id = %s"
# The first in order that will not do with one seat.
NEEDS_TWO = """
    UPDATE waitlists SET quantity = 2, min_quantity = 2 WHERE event_id = %s AND status = 'waiting'
    AND id = ANY(%s)
"""
IN_ORDER = """
    SELECT id FROM waitlists WHERE event_id = %s AND status = 'waiting' ORDER BY position
"""
LOOK = "SELECT position FROM waitlists WHERE event_id = %s AND id = %s"
WAITING = "SELECT count(*) FROM waitlists WHERE event_id = %s AND status = 'waiting'"


class Line:
    """A waitlist of single seats for a sold-out event, on a connection as the owner."""

    def __init__(self, owner: Connection, length: int) -> None:
        """Fill it; `filling` is then the milliseconds of so many single joins."""
        self.owner, self.length = owner, length
        self.schedule = Path(f"/proc/{owner.info.backend_pid}/schedstat")
        (organizer,) = self._people(1)
        (self.event,) = owner.execute(EVENT, [10, organizer]).fetchone() or (None,)
        owner.execute(BOOKING, [self.event, organizer, 10])
        joins = []
        for _ in range(STAGES):
            joins += [
                self._cpu(partial(self._join, self._people(1))) for _ in range(JOINS_PER_STAGE)
            ]
            self._join(self._people(max(length // STAGES - JOINS_PER_STAGE, 0)))
            owner.execute("ANALYZE waitlists")
        self.filling = length * statistics.mean(joins)

    def round(self) -> dict[str, float]:
        """Do each step once, and restore the length; return milliseconds by step."""
        found = {}
        for name, position in (("head", 0.0), ("middle", 0.5), ("end", 1.0)):
            entries = self._in_order()
            entry = entries[round(position * (len(entries) - 1))]
            found[f"leave, {name}"] = self._run((LEAVE, [self.event, entry]))
            found[f"look after leaving, {name}"] = self._run(
                (LOOK, [self.event, entries[-2]]), (WAITING, [self.event])
            )
        found["join"] = self._cpu(partial(self._join, self._people(1)))
        found["priority to top"] = self._run((TO_TOP, [self.event, self._in_order()[-1]]))
        found["one offer"] = self._offer(self._in_order()[:1])
        found["one offer past 100"] = self._offer_past(100)
        found[f"{OFFERS_AT_ONCE} offers"] = self._offer(self._in_order()[:OFFERS_AT_ONCE])
        missing = self.length - len(self._in_order())
        found["joins at once, each"] = self._cpu(partial(self._join, self._people(missing)))
        found["joins at once, each"] /= missing
        return found

    def _people(self, number: int) -> list[UUID]:
        return [row[0] for row in self.owner.execute(USERS, [SEALED, SEALED, number]).fetchall()]

    def _join(self, people: list[UUID]) -> None:
        self.owner.execute(JOIN, [self.event, people])

    def _in_order(self) -> list[UUID]:
        return [row[0] for row in self.owner.execute(IN_ORDER, [self.event]).fetchall()]

    def _offer(self, entries: list[UUID]) -> float:
        self.owner.execute(ADD_SEATS, [len(entries), self.event])
        return self._run((PROMOTE, [self.event, entries]), (OFFER, [self.event, entries]))

    def _offer_past(self, number: int) -> float:
        """Offer one seat past entries that need two; afterwards they are gone."""
        entries = self._in_order()[: number + 1]
        passed = entries[:number]
        self.owner.execute("UPDATE events SET max_passes = NULL WHERE id = %s", [self.event])
        # More seats mean joining again, behind all others; so they leave, and come back to the top.
        self.owner.execute(
            "UPDATE waitlists SET status = 'left' WHERE event_id = %s AND id = ANY(%s)",
            [self.event, passed],
        )
        self.owner.execute(
            "UPDATE waitlists SET status = 'waiting', quantity = 2, min_quantity = 2"
            " WHERE event_id = %s AND id = ANY(%s)",
            [self.event, passed],
        )
        self.owner.execute(
            "UPDATE waitlists SET priority_score = 100, priority_reason = 'first'"
            " WHERE event_id = %s AND id = ANY(%s)",
            [self.event, passed],
        )
        elapsed = self._offer(entries[number:])
        self.owner.execute(
            "UPDATE waitlists SET status = 'left' WHERE event_id = %s AND id = ANY(%s)",
            [self.event, passed],
        )
        return elapsed

    def _run(self, *statements: tuple[str, list[Any]]) -> float:
        """Run statements in one transaction; return its milliseconds."""

        def work() -> None:
            with self.owner.transaction():
                for statement, parameters in statements:
                    self.owner.execute(statement, parameters)

        return self._cpu(work)

    def _cpu(self, work: Callable[[], None]) -> float:
        """Return the milliseconds that the backend computes for some work."""
        before = self._nanoseconds()
        work()
        return (self._nanoseconds() - before) / 1e6

    def _nanoseconds(self) -> int:
        return int(self.schedule.read_text().split()[0])


def measure(length: int) -> dict[str, float]:
    """Return milliseconds of the database by step, in a waitlist of this length."""
    with (
        throwaway_database() as environment,
        psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as owner,
    ):
        line = Line(owner, length)
        rounds = [line.round() for _ in range(ROUNDS)]
        medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        return medians | {"filling, by single joins": line.filling}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lengths", type=int, nargs="*", default=[1000, 10_000], help="entries")
    given = parser.parse_args()
    for length in given.lengths:
        print(f"{length:,} wait:")
        for name, milliseconds in measure(length).items():
            print(f"{name:>30} {milliseconds:10.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
