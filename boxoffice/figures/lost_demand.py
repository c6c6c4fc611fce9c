"""Lost demand: what became of the people who were refused seats, counted once for each person.

Someone who tries ten times is one person, and wanted the most seats that they asked for. Who booked
or joined the waitlist afterwards is not lost; nor is who is still on the waitlist. A guest is known
by the network address only: people behind one address count as one, and whether a guest joined the
waitlist is known only if a user tried to book from the same address.

Pages read what `lost_demand_rolling` has counted, by the day of a person's last refusal.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, Subquery, Sum

from evently.database.replicas import Replica, reads_from
from events.models import Event, LostDemand, LostDemandState, Outcome, RollUp

__all__ = ["Outcome", "Refused", "lost_demand_until", "refused_people", "roll_ups"]


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


@reads_from(Replica.ANALYTICS)
def refused_people(
    events: Collection[UUID] | QuerySet[Event],
    *,
    first: date | None = None,
    last: date | None = None,
) -> list[Refused]:
    """Return the people who were refused at events, most first; one query.

    A person who was refused at two events counts for both. events: ids, or a queryset.
    first, last: only those whose last refusal was in these days of UTC.
    """
    rows = LostDemand.objects.filter(event__in=events)
    if first is not None:
        rows = rows.filter(day__gte=first)
    if last is not None:
        rows = rows.filter(day__lte=last)
    sums = (
        rows.order_by()
        .values_list("event__currency", "outcome", "reason")
        .annotate(all_people=Sum("people"), all_seats=Sum("seats"), worth=Sum("value"))
        .order_by("-all_people", "reason", "outcome", "event__currency")
    )
    return [
        Refused(currency, Outcome(outcome), reason, people, seats, value)
        for currency, outcome, reason, people, seats, value in sums
    ]


@reads_from(Replica.ANALYTICS)
def roll_ups(events: Collection[UUID] | QuerySet[Event]) -> list[RollUp]:
    """Return how far figures are rolled up, and for `lost_demand_until` that of events; one query.

    events: ids, or a queryset.
    """
    behind = LostDemandState.objects.filter(event__in=events, due_at__isnull=False).order_by(
        F("as_of").asc(nulls_first=True), "id"
    )
    rows = RollUp.objects.annotate(
        waits=Subquery(behind.values("event")[:1]), as_of=Subquery(behind.values("as_of")[:1])
    )
    return list(rows.order_by("pk"))


def lost_demand_until(rows: Iterable[Any]) -> datetime | None:
    """Return how far lost demand is counted, of the event that is furthest behind.

    None before the first run. rows: of `roll_ups`.
    """
    for row in rows:
        if row.resolution == RollUp.LOST_DEMAND:
            # An event with nothing new is counted up to the last run.
            until: datetime | None = row.done_until if row.waits is None else row.as_of
            return until
    return None
