"""Lost demand: what became of the people who were refused seats, counted once for each person.

Someone who tries ten times is one person, and wanted the most seats that they asked for. Who booked
or joined the waitlist afterwards is not lost; nor is who is still on the waitlist. A guest is known
by the network address only: people behind one address count as one, and whether a guest joined the
waitlist is known only if a user tried to book from the same address.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from uuid import UUID

from django.db import connections

from evently.database.replicas import Replica, reachable
from events.models import SEATS_PER_BOOKING

SQL = Path(__file__).parent / "sql" / "lost_demand.sql"
# Attempts are deleted after so many days.
WINDOW = timedelta(days=90)


class Outcome(StrEnum):
    """What a person did after the refusal; lost: neither booked nor joined the waitlist."""

    LOST = "lost"
    JOINED = "joined"
    BOOKED = "booked"


@dataclass(frozen=True)
class Refused:
    """People who were refused for one reason, of events in one currency.

    reason: the code of the refusal. value: of their seats, at the price of that moment.
    """

    currency: str
    outcome: Outcome
    reason: str
    people: int
    seats: int
    value: Decimal


def refused_people(
    event_ids: Iterable[UUID], *, at: datetime, window: timedelta = WINDOW
) -> list[Refused]:
    """Return the people who were refused at events in the days until a time, most first.

    A person who was refused at two events counts for both. One query.
    """
    ids = list(event_ids)
    if not ids:
        return []
    with connections[reachable(Replica.ANALYTICS)].cursor() as cursor:
        cursor.execute(
            _statement(),
            {"events": ids, "start": at - window, "end": at, "most": SEATS_PER_BOOKING},
        )
        rows = cursor.fetchall()
    return [
        Refused(currency, Outcome(outcome), reason, people, int(seats), value)
        for currency, outcome, reason, people, seats, value in rows
    ]


@cache
def _statement() -> str:
    return SQL.read_text()
