"""Draws made by plain SQL, step by step."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from evently.tests.clock import TestClock
from evently.tests.rows import insert
from evently.tests.sql import run, value
from waitlists.drawing import commitment_of

SECRET = "5e" * 32
NUMBERS = "3 14 15 22 35 41"


def announce(event_id: UUID, **columns: Any) -> UUID:
    """Announce a draw with typed numbers: it closes in an hour, and is due ten minutes later."""
    closes_at = columns.pop("closes_at", None) or now() + timedelta(hours=1)
    given = {
        "closes_at": closes_at,
        "beacon": "numbers",
        "beacon_name": "Lotto of Saturday",
        "beacon_at": closes_at + timedelta(minutes=10),
        "commitment": commitment_of(SECRET),
        "sealed_secret": b"",
        "sealed_with": "test",
    }
    return insert("draws", event_id=event_id, **(given | columns))


def now() -> datetime:
    return value("SELECT evently_clock()")


def times_of(draw: UUID) -> tuple[datetime, datetime]:
    ((closes_at, beacon_at),) = run("SELECT closes_at, beacon_at FROM draws WHERE id = %s", draw)
    return closes_at, beacon_at


def step(draw: UUID, **changes: Any) -> None:
    assignments = ", ".join(f"{name} = %s" for name in changes)
    run(f"UPDATE draws SET {assignments} WHERE id = %s", *changes.values(), draw)


def freeze(draw: UUID, clock: TestClock) -> None:
    """Freeze a draw a second after it closed."""
    clock.stop(times_of(draw)[0] + timedelta(seconds=1))
    step(draw, status="frozen")


def reveal(draw: UUID, clock: TestClock, **changes: Any) -> None:
    """Draw a second after the beacon."""
    clock.stop(times_of(draw)[1] + timedelta(seconds=1))
    step(draw, **({"status": "drawn", "secret": SECRET, "beacon_value": NUMBERS} | changes))
