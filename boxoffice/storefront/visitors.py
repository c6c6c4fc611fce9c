"""What visitors see of events, as keys of the pages that are shared (`evently.shared_pages`).

A key is read by one prepared statement, from few columns and by index. An event's version changes
with each edit. Seats, prices moved by a rule with its bounds and the rise that it announces, draws
and the organizer do not change it, so they stand beside it.

What moves with each booking, or each place on the waitlist, stands apart: a page is only filled
with it. The head of the waitlist's record does for the waitlist, whose changes are all recorded;
while people wait, they are counted for filling the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Func, OuterRef, QuerySet, Subquery, TextField, Value

from boxoffice.storefront.presenters import NO_WAITLIST
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.prepared import PreparedQuery
from evently.shared_pages import Seen
from events.models import Event, PriceChange
from events.moving_price import NEXT_RISE
from events.sale import WaitlistSummary, waitlist_summaries
from waitlists.models import Draw, Line
from waitlists.record.heads import Head

EVENTS_PER_PAGE = 12
OF_EVENT = {"event_id": OuterRef("pk")}
DRAW_STATE = Func(
    Value(" "),
    F("number"),
    F("status"),
    F("unreachable_at"),
    function="concat_ws",
    output_field=TextField(),
)
# What cards show of an event.
MOVING = ("available_seats", "is_waited_for", "line_seq", "line_head")
COLUMNS = ("seen_at", *MOVING, "pk", "version", "status", "current_price", "draw_closes_at")
PK = COLUMNS.index("pk")
# What its page shows besides.
HISTORY = (
    "organizer_state",
    "last_price_change",
    "price_floor",
    "price_ceiling",
    "next_rise",
    "draw_states",
)
ORGANIZER_STATE = Func(F("pk"), function="evently_organizer_state", output_field=TextField())


@dataclass(frozen=True)
class Moving:
    """What moves of an event. head: of the waitlist's record, None where no one ever joined."""

    seats: int
    is_waited_for: bool
    head: Head | None


def _standing(events: "QuerySet[Event]") -> "QuerySet[Event]":
    line = Line.objects.filter(seq__gt=0, **OF_EVENT)
    return events.annotate(
        seen_at=Clock(),
        line_seq=Subquery(line.values("seq")),
        line_head=Subquery(line.values("head")),
        # Who waits is not public. Some of these may have an offer by now; counting tells.
        is_waited_for=Exists(Line.objects.filter(open_entries__gt=0, **OF_EVENT)),
    )


def _event(event_id: UUID) -> Any:
    changes = PriceChange.objects.filter(**OF_EVENT).order_by("-applied_at", "-id")
    draws = Draw.objects.filter(**OF_EVENT).order_by("number")
    rows = _standing(Event.objects.published().filter(pk=event_id)).annotate(
        organizer_state=ORGANIZER_STATE,
        last_price_change=Subquery(changes.values("pk")[:1]),
        next_rise=NEXT_RISE,
        draw_states=ArraySubquery(draws.values(state=DRAW_STATE)),
    )
    return rows.values_list(*COLUMNS, *HISTORY)


def _first_events() -> Any:
    events = _standing(Event.objects.current()).order_by("event_date", "id")
    # One more than the page shows, which says whether there is another page.
    return events.values_list(*COLUMNS)[: EVENTS_PER_PAGE + 1]


EVENT = PreparedQuery[Any](_event, event_id=UUID)
FIRST_EVENTS = PreparedQuery[Any](_first_events)


def read_event(event_id: UUID) -> Seen | None:
    """Return what the page of a published event shows a visitor; None where there is none."""
    rows = EVENT.tuples(event_id=event_id)
    if not rows:
        return None
    key, moving = _apart(rows[0])
    return Seen(key=key, at=rows[0][0], moving=moving, reads_more=moving.is_waited_for)


def read_home() -> Seen:
    """Return what the home page shows a visitor who has not searched; moving: by event."""
    rows = FIRST_EVENTS.tuples()
    apart = {row[PK]: _apart(row) for row in rows}
    moving = {event_id: moving for event_id, (_, moving) in apart.items()}
    return Seen(
        key=[key for key, _ in apart.values()],
        at=rows[0][0] if rows else now(),
        moving=moving,
        reads_more=any(event.is_waited_for for event in moving.values()),
    )


def waitlists_of(moving: Mapping[UUID, Moving]) -> dict[UUID, WaitlistSummary]:
    """Return the waitlists of events, in one query if people wait, and else in none."""
    waited_for = [event_id for event_id, event in moving.items() if event.is_waited_for]
    counted = waitlist_summaries(waited_for) if waited_for else {}
    return {event_id: counted.get(event_id, NO_WAITLIST) for event_id in moving}


def _apart(row: tuple[Any, ...]) -> tuple[tuple[Any, ...], Moving]:
    """Return an event's key, and apart from it what moves."""
    _, seats, is_waited_for, seq, head, *others = row
    was_joined = seq is not None
    moving = Moving(seats, is_waited_for, Head(seq, head) if was_joined else None)
    return (was_joined, *others), moving
