"""Conditions of the search, as parts of queries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.db.models import (
    BooleanField,
    F,
    Func,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.expressions import RawSQL

from evently.database.functions import Among, GivenIds, Ids
from evently.database.prepared import execute_prepared
from events.search.models import EventWords

if TYPE_CHECKING:
    from events.models import Event

# So many are met soon in any order, and take long to be looked up and sorted.
FREQUENT = 5_000
# Sorted by the dates beside the words: only the first events are looked up, until there are enough.
# OFFSET 0 keeps PostgreSQL from looking up all of them before it sorts.
BY_DATE = """
    SELECT found.event_id FROM (
        SELECT event_id, event_date FROM event_words WHERE vector @@ %s::tsquery {after}
        ORDER BY event_date {direction}, event_id {direction} OFFSET 0
    ) AS found
    WHERE EXISTS ({events})
    ORDER BY found.event_date {direction}, found.event_id {direction} LIMIT %s
"""
# A plain condition on the words would be looked up in their index, among all events.
TIERS = """
    SELECT event_id, (
        SELECT min(number) - 1
        FROM unnest(%(queries)s::text[]::tsquery[]) WITH ORDINALITY AS tier (query, number)
        WHERE vector @@ query
    )
    FROM event_words WHERE event_id = ANY(%(ids)s)
"""
# Enough that one of them is probably among the events that are searched.
A_FEW = 20


class Matches(Func):
    """Whether a column of words matches a text search query."""

    template = "%(expressions)s::tsquery"
    arg_joiner = " @@ "
    output_field = BooleanField()


class Folded(Func):
    """A text as search compares it, see `events/sql/search_fold_v01.sql`."""

    function = "evently_search_fold"
    output_field = TextField()


def matches(query: str) -> Matches:
    """Return the condition for events that match, to be judged event by event."""
    return Matches(F("words__vector"), Value(query))


def found_by(query: str) -> Among:
    """Return the condition for events that match, to be looked up in the index of words.

    Left to itself, PostgreSQL may walk all events by date instead, in the hope to meet some soon.
    """
    found: Any = EventWords.objects.filter(Matches(F("vector"), Value(query)))
    return Among(F("pk"), Ids(found.values("event_id")))


def ids_found(query: str, *, most: int) -> list[UUID]:
    """Return the ids of events that match, in no order, up to a number of them."""
    found = EventWords.objects.filter(Matches(F("vector"), Value(query)))
    return list(found.values_list("event_id", flat=True)[:most])


def tiers_by_id(ids: Sequence[UUID], queries: list[str]) -> dict[UUID, int]:
    """Return the number of the first query that an event matches, for those of these that do.

    queries: each finds what the one before finds, and more.
    """
    if not ids:
        return {}
    rows = execute_prepared(connection, TIERS, {"ids": list(ids), "queries": queries})
    return {event_id: number for event_id, number in rows if number is not None}


def ids_by_date(
    events: "QuerySet[Event]",
    query: str,
    *,
    after: Sequence[Any] | None,
    most: int,
    backwards: bool = False,
) -> list[UUID]:
    """Return the first of these events that match, by date and id, by the index of words.

    after: a date and an id to begin after. backwards: from the last event to the first.
    """
    this = events.filter(pk=RawSQL("found.event_id", ())).order_by().values("pk")
    condition, parameters = this.query.sql_with_params()
    place = () if after is None else tuple(after)
    sql = BY_DATE.format(
        events=condition,
        direction="DESC" if backwards else "ASC",
        after=f"AND (event_date, event_id) {'<' if backwards else '>'} (%s, %s)" if place else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, (query, *place, *parameters, most))
        return [event_id for (event_id,) in cursor.fetchall()]


def is_frequent(query: str) -> bool:
    """Tell whether so many events match that each had better be judged by itself."""
    found = EventWords.objects.filter(Matches(F("vector"), Value(query)))
    return found.order_by().values("event_id")[:FREQUENT].count() == FREQUENT


def among(ids: Sequence[UUID], column: F | None = None) -> Among:
    """Return the condition for events with these ids."""
    return Among(column or F("pk"), GivenIds(list(ids)))


def has_any(events: "QuerySet[Event]", query: str) -> bool:
    """Tell whether one of these events matches."""
    some = ids_found(query, most=A_FEW)
    if some and events.filter(among(some)).exists():
        return True
    return len(some) == A_FEW and events.filter(found_by(query)).exists()
