"""Measure how long a draw holds its event's lock: freezing the list, and ranking the places.

    python -m bench.draw_cost --lots 1000 10000

Works in a database of its own, by plain SQL. Prints milliseconds per number of lots.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.line_cost import EVENT, SEALED, USER
from bench.throwaway import throwaway_database
from waitlists.drawing import commitment_of, new_secret

ENTRIES = """
    INSERT INTO waitlists (event_id, user_id, quantity, min_quantity, confirmed_at)
    SELECT %s, id, 1, 1, evently_clock() FROM users ORDER BY id LIMIT %s
"""
DRAW = """
    INSERT INTO draws (event_id, closes_at, beacon, beacon_name, beacon_at, commitment,
        sealed_secret, sealed_with)
    VALUES (%s, evently_clock() + interval '1 hour', 'numbers', 'Lotto',
        evently_clock() + interval '70 minutes', %s, '', '')
"""
REVEAL = """
    UPDATE draws SET status = 'drawn', secret = %s, beacon_value = '1 2 3' WHERE event_id = %s
"""
CLOCK = """
    CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT clock_timestamp() + interval ''{} minutes'''
"""


def timed(owner: "psycopg.Connection[Any]", statement: str, parameters: list[Any]) -> float:
    started = time.perf_counter()
    owner.execute(statement, parameters)
    return (time.perf_counter() - started) * 1000


def draw(owner: "psycopg.Connection[Any]", user: Any, lots: int) -> tuple[float, float]:
    """Return the milliseconds of freezing and of drawing."""
    owner.execute(CLOCK.format(0))
    (event,) = owner.execute(EVENT, [10, user]).fetchone() or (None,)
    secret = new_secret()
    owner.execute(DRAW, [event, commitment_of(secret)])
    owner.execute(ENTRIES, [event, lots])
    owner.execute("ANALYZE")
    owner.execute(CLOCK.format(61))
    frozen = timed(owner, "UPDATE draws SET status = 'frozen' WHERE event_id = %s", [event])
    owner.execute(CLOCK.format(71))
    drawn = timed(owner, REVEAL, [secret, event])
    return frozen, drawn


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lots", type=int, nargs="*", default=[1000, 10_000])
    given = parser.parse_args()
    with (
        throwaway_database() as environment,
        psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as owner,
    ):
        (user,) = owner.execute(USER).fetchone() or (None,)
        owner.execute(
            "INSERT INTO users (email, name, email_verified_at)"
            " SELECT %s, %s, now() FROM generate_series(1, %s)",
            [SEALED, SEALED, max(given.lots)],
        )
        for lots in given.lots:
            frozen, drawn = draw(owner, user, lots)
            print(f"{lots:>7,} lots: frozen in {frozen:.0f} ms, drawn in {drawn:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
