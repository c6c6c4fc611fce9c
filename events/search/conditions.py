"""Conditions of the search, as parts of queries, and the statements that find events by them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BooleanField, F, Func, TextField, Value

from evently.database.functions import Among, Ids
from events.search.listed import Listed
from events.search.models import EventWords

# So many are met soon in any order, and take long to be looked up and sorted.
FREQUENT = 5_000
# Each is judged by itself. OFFSET 0 keeps PostgreSQL from judging twice. Where there are more
# events than are judged, the last one of them is a row in any case.
BY_EVENTS = """
    SELECT tier, event_date, id, number FROM (
        SELECT near.id, near.event_date, near.number, {tier} AS tier FROM (
            SELECT id, event_date, row_number() OVER (ORDER BY {order}) AS number
            FROM ({events}) AS listed (id, event_date) {after} ORDER BY {order} LIMIT %s
        ) AS near LEFT JOIN event_words ON event_id = near.id OFFSET 0
    ) AS judged
    WHERE tier IS NOT NULL OR number = %s ORDER BY number
"""
# Sorted by the dates beside the words: only the first events are looked up, until there are enough.
# OFFSET 0 keeps PostgreSQL from looking up all of them before it sorts.
BY_WORDS = """
    SELECT (SELECT {tier} FROM event_words WHERE event_id = found.event_id), event_date, event_id
    FROM (
        SELECT event_id, event_date FROM event_words WHERE vector @@ %s::tsquery {after}
        ORDER BY {order} OFFSET 0
    ) AS found
    WHERE EXISTS (
        SELECT FROM ({events}) AS listed (id, event_date) WHERE listed.id = found.event_id
    )
    ORDER BY {order} LIMIT %s
"""
# Enough that one of them is probably among the events that are searched.
A_FEW = 20
SOME = """
    SELECT count(listed.id), count(*)
    FROM (SELECT event_id FROM event_words WHERE vector @@ %s::tsquery LIMIT %s) AS found
    LEFT JOIN ({events}) AS listed (id, event_date) ON listed.id = found.event_id
"""
ANY = """
    SELECT EXISTS (SELECT FROM ({events}) AS listed (id, event_date) WHERE id = ANY (
        ARRAY(SELECT event_id FROM event_words WHERE vector @@ %s::tsquery)
    ))
"""

# The date and id of an event.
Place = tuple[Any, ...]


class Found(NamedTuple):
    """An event that a search finds. relevance: the number of its tier."""

    relevance: int
    event_date: datetime
    id: UUID


@dataclass(frozen=True)
class Near:
    """The nearest events of a list, judged one by one: those found, of so many.

    last: the last one that was judged, None where it is the last one of the list.
    """

    found: list[Found]
    count: int
    last: Place | None

    @property
    def is_all(self) -> bool:
        """Whether it is the whole list that was judged."""
        return self.last is None and self.count > 0

    def of(self, tier: int) -> list[Found]:
        return [each for each in self.found if each.relevance == tier]


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


def judged(
    listed: Listed,
    queries: list[str],
    *,
    most: int,
    after: Place | None = None,
    backwards: bool = False,
) -> Near:
    """Judge the first events of a list by date and id, or those after a place.

    queries: each finds what the one before finds, and more. backwards: from the last to the first.
    """
    events, parameters = listed.part
    tier, of_tier = _tier(queries)
    order, beyond = _direction("event_date", "id", backwards=backwards)
    where = f"WHERE {beyond}" if after else ""
    sql = BY_EVENTS.format(tier=tier, events=events, order=order, after=where)
    rows = listed.execute(sql, [*of_tier, *parameters, *(after or ()), most, most])
    last = next(((day, each) for _, day, each, number in rows if number == most), None)
    return Near([Found(*row[:3]) for row in rows if row[0] is not None], most, last)


def found_by_words(
    listed: Listed,
    query: str,
    *,
    tiers: list[str],
    after: Place | None,
    most: int,
    backwards: bool = False,
) -> list[Found]:
    """Return the first events of a list that match, as `judged` does, by the index of words."""
    events, parameters = listed.part
    tier, of_tier = _tier(tiers)
    order, beyond = _direction("event_date", "event_id", backwards=backwards)
    where = f"AND {beyond}" if after else ""
    sql = BY_WORDS.format(tier=tier, events=events, order=order, after=where)
    rows = listed.execute(sql, [*of_tier, query, *(after or ()), *parameters, most])
    return [Found(*row) for row in rows]


def _direction(*columns: str, backwards: bool) -> tuple[str, str]:
    """Return the order by these columns, and the condition for rows after a place."""
    order = ", ".join(f"{column} {'DESC' if backwards else 'ASC'}" for column in columns)
    return order, f"({', '.join(columns)}) {'<' if backwards else '>'} (%s, %s)"


def _tier(queries: list[str]) -> tuple[str, list[str]]:
    """Return the expression for the first query that a vector matches, and its parameters."""
    *narrower, broadest = queries
    cases = "".join(f" WHEN vector @@ %s::tsquery THEN {n}" for n in range(len(narrower)))
    number = f"CASE{cases} ELSE {len(narrower)} END" if narrower else "0"
    return f"CASE WHEN vector @@ %s::tsquery THEN {number} END", [broadest, *narrower]


def is_frequent(query: str) -> bool:
    """Tell whether so many events match that each had better be judged by itself."""
    found = EventWords.objects.filter(Matches(F("vector"), Value(query)))
    return found.order_by().values("event_id")[:FREQUENT].count() == FREQUENT


def has_any(listed: Listed, query: str) -> bool:
    """Tell whether one of these events matches."""
    events, parameters = listed.part
    ((some, count),) = listed.execute(SOME.format(events=events), [query, A_FEW, *parameters])
    if some or count < A_FEW:
        return bool(some)
    ((any_at_all,),) = listed.execute(ANY.format(events=events), [*parameters, query])
    return bool(any_at_all)
