"""Rolling up lost demand: who was refused seats, from the attempts to book, event by event.

An event is counted again when someone was refused, booked, joined or left since; one with many
refusals less often. A run writes the days that the attempts still tell all about; earlier days stay
as they were, also once their attempts are deleted.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from boxoffice.figures.rolling import OVERLAP, Difference
from evently.audit.context import stamp
from evently.database.clock import now
from evently.lifecycle.running import only_run
from evently.sweeps import for_each_event
from events.models import SEATS_PER_BOOKING, LostDemandState, RollUp

SQL = Path(__file__).parent / "sql"
# Attempts are kept for so long, and those of a person further apart than GAP are counted apart, as
# in lost_demand.sql. A day is written as long as the attempts of the GAP before it are kept.
KEPT, GAP = timedelta(days=90), timedelta(days=30)
WRITTEN = KEPT - GAP
# Counting takes about 4 µs for each refusal: an event takes 0.2 % of a worker's time at most, and
# one with 300,000 refusals is counted every ten minutes.
PAUSE = timedelta(milliseconds=2)
# The refusals that a run reads, about a second of work; what is left is first in the next run.
MOST_REFUSALS = 200_000
MOST_EVENTS = 1_000
# Events that ended before are left alone: their waitlists and bookings go to the archive.
FOLLOWED = timedelta(days=100)
# The first run, and one after a long stop, looks for events in parts, each a transaction.
PART = timedelta(days=1)


def roll_up(*, until: datetime | None = None) -> int | None:
    """Count the events in which something happened and that are due; None if another run does.

    until: by default now. Returns how many events were counted.
    """
    with only_run("roll-up-lost-demand") as is_mine:
        if not is_mine:
            return None
        until = until or now()
        mark(until=until)
        return _count_due(at=until)


def mark(*, until: datetime) -> None:
    """Note which events have something new, from where the last run stopped."""
    done = RollUp.objects.filter(pk=RollUp.LOST_DEMAND).first()
    start = until - KEPT
    if done is not None:
        start = max(start, done.done_until - OVERLAP)
    window: dict[str, Any] = {
        "overlap": OVERLAP,
        "pause": PAUSE,
        "latest": until - FOLLOWED,
    }
    while start < until:
        end = min(start + PART, until)
        with transaction.atomic(), connection.cursor() as cursor:
            stamp(connection)
            cursor.execute(_statement("due"), window | {"start": start, "end": end})
            RollUp.objects.update_or_create(pk=RollUp.LOST_DEMAND, defaults={"done_until": end})
        start = end


def write(event_id: UUID, *, at: datetime) -> int:
    """Count one event, in one transaction; return how many refusals were read.

    0 as well if another worker is at it, or if the event never had a refusal.
    """
    with transaction.atomic():
        states = LostDemandState.objects.filter(event_id=event_id)
        state = states.select_for_update(skip_locked=True).first()
        # A run that was late changes nothing that a later one has counted.
        if state is None or (state.as_of is not None and state.as_of > at):
            return 0
        stamp(connection)
        ((refusals,),) = _run("write", event_id, at=at, first=_first_day(state.as_of, at=at))
        states.update(as_of=at, refusals=refusals, due_at=None)
    return int(refusals)


def differences(event_id: UUID, *, at: datetime) -> list[Difference]:
    """Return where the days of an event differ from what the attempts say."""
    rows = _run("compare", event_id, at=at, first=_first_day(at, at=at))
    return [Difference(*row) for row in rows]


def is_due(event_id: UUID) -> bool:
    """Return whether something happened that is not counted yet."""
    return LostDemandState.objects.filter(event_id=event_id, due_at__isnull=False).exists()


def counted_events(*, at: datetime) -> list[UUID]:
    """Return the events whose lost demand a check compares: counted while attempts are kept."""
    states = LostDemandState.objects.filter(as_of__gt=at - KEPT, due_at__isnull=True).exclude(
        event__event_date__lte=at - FOLLOWED
    )
    return list(states.order_by("event_id").values_list("event_id", flat=True))


def _count_due(*, at: datetime) -> int:
    due = LostDemandState.objects.filter(due_at__lte=at).order_by("due_at", "id")
    read = done = 0

    def within_bounds() -> Iterator[UUID]:
        for event_id in list(due.values_list("event_id", flat=True)[:MOST_EVENTS]):
            if read >= MOST_REFUSALS:
                return
            yield event_id

    def count(*, event_id: UUID) -> None:
        nonlocal read, done
        read += write(event_id, at=at)
        done += 1

    for_each_event("roll_up_lost_demand", within_bounds(), count)
    return done


def _first_day(as_of: datetime | None, *, at: datetime) -> date:
    """Return the first day that a run writes.

    The first run writes all that the attempts tell of, and one after a stop of months the days that
    were never counted.
    """
    complete = (at - WRITTEN).date() + timedelta(days=1)
    kept = (at - KEPT).date() + timedelta(days=1)
    if as_of is None:
        return kept
    return min(complete, max(kept, as_of.astimezone(UTC).date() + timedelta(days=1)))


def _run(ending: str, event_id: UUID, *, at: datetime, first: date) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            _statement("") + _statement(ending),
            {
                "event": event_id,
                "start": at - KEPT,
                "end": at,
                "first": first,
                "most": SEATS_PER_BOOKING,
            },
        )
        rows: list[Any] = cursor.fetchall()
    return rows


@cache
def _statement(ending: str) -> str:
    return (SQL / f"lost_demand{'_' if ending else ''}{ending}.sql").read_text()
