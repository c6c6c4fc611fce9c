"""What visitors see of events, as keys of the pages that are shared (`evently.shared_pages`).

A key is read by one prepared statement, from few columns and by index. An event's version changes
with each edit. Seats, prices moved by a rule, draws and the organizer do not change it, so they
stand beside it; the head of the waitlist's record does for the waitlist, whose changes are all
recorded.

Seats stand apart, as a page is only filled with them. Not so while people wait: then each booking
also moves the waitlist's rules, which are counted anew.
"""

from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Func, OuterRef, QuerySet, Subquery, TextField, Value

from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.prepared import PreparedQuery
from evently.shared_pages import Seen
from events.models import Event, PriceChange
from waitlists.models import Draw, Line, WaitlistEntry

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
COLUMNS = ("seen_at", "available_seats", "is_waited_for", "pk", "version", "status")
PK = COLUMNS.index("pk")
STANDING = ("current_price", "draw_closes_at", "line_head")
# What its page shows besides.
ORGANIZER = (
    "created_by__version",
    "created_by__email_verified_at",
    "created_by__person_key__wrapping_key_name",
)
HISTORY = ("last_price_change", "draw_states")


def _standing(events: "QuerySet[Event]") -> "QuerySet[Event]":
    return events.annotate(
        seen_at=Clock(),
        line_head=Subquery(Line.objects.filter(**OF_EVENT).values("head")),
        is_waited_for=Exists(WaitlistEntry.objects.waiting().filter(**OF_EVENT).order_by()),
    )


def _event(event_id: UUID) -> Any:
    changes = PriceChange.objects.filter(**OF_EVENT).order_by("-applied_at", "-id")
    draws = Draw.objects.filter(**OF_EVENT).order_by("number")
    rows = _standing(Event.objects.published().filter(pk=event_id)).annotate(
        last_price_change=Subquery(changes.values("pk")[:1]),
        draw_states=ArraySubquery(draws.values(state=DRAW_STATE)),
    )
    return rows.values_list(*COLUMNS, *STANDING, *ORGANIZER, *HISTORY)


def _first_events() -> Any:
    events = _standing(Event.objects.current()).order_by("event_date", "id")
    # One more than the page shows, which says whether there is another page.
    return events.values_list(*COLUMNS, *STANDING)[: EVENTS_PER_PAGE + 1]


EVENT = PreparedQuery[Any](_event, event_id=UUID)
FIRST_EVENTS = PreparedQuery[Any](_first_events)


def read_event(event_id: UUID) -> Seen | None:
    """Return what the page of a published event shows a visitor; None where there is none."""
    rows = EVENT.tuples(event_id=event_id)
    if not rows:
        return None
    key, seats = _apart(rows[0])
    return Seen(key=key, at=rows[0][0], moving=seats)


def read_home() -> Seen:
    """Return what the home page shows a visitor who has not searched; moving: seats by event."""
    rows = FIRST_EVENTS.tuples()
    keys = [_apart(row) for row in rows]
    return Seen(
        key=[key for key, _ in keys],
        at=rows[0][0] if rows else now(),
        moving={row[PK]: seats for row, (_, seats) in zip(rows, keys, strict=True)},
    )


def _apart(row: tuple[Any, ...]) -> tuple[tuple[Any, ...], int | None]:
    """Return an event's key, and its seats apart; None while people wait for them."""
    _, seats, is_waited_for, *others = row
    if is_waited_for:
        return (seats, *others), None
    return (None, *others), seats
