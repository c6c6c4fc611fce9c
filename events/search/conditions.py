"""Conditions of the search, as parts of queries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BooleanField,
    Case,
    F,
    Func,
    IntegerField,
    QuerySet,
    TextField,
    UUIDField,
    Value,
    When,
)

from evently.database.functions import Among, Ids
from events.search.models import EventWords

if TYPE_CHECKING:
    from events.models import Event

# So many rows are read and sorted in a few milliseconds.
MANY = 200
# So many are met soon in any order, and take long to be looked up and sorted.
FREQUENT = 5_000
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


class Listed(Func):
    template = "(%(expressions)s::uuid[])"


def matches(query: str) -> Matches:
    """Return the condition for events that match, to be judged event by event."""
    return Matches(F("words__vector"), Value(query))


def found_by(query: str) -> Among:
    """Return the condition for events that match, to be looked up in the index of words.

    Left to itself, PostgreSQL may walk all events by date instead, in the hope to meet some soon.
    """
    found: Any = EventWords.objects.filter(Matches(F("vector"), Value(query)))
    return Among(F("pk"), Ids(found.values("event_id")))


def tier_of(queries: list[str]) -> Case:
    """Return the number of the first query that an event matches."""
    tiers = [When(matches(query), then=Value(number)) for number, query in enumerate(queries[:-1])]
    last = Value(len(queries) - 1)
    if not tiers:
        # A plain number in ORDER BY would be the number of a column.
        return Case(When(pk__isnull=False, then=last), output_field=IntegerField())
    return Case(*tiers, default=last, output_field=IntegerField())


def ids_found(query: str, *, most: int) -> list[UUID]:
    """Return the ids of events that match, in no order, up to a number of them."""
    found = EventWords.objects.filter(Matches(F("vector"), Value(query)))
    return list(found.values_list("event_id", flat=True)[:most])


def is_frequent(query: str) -> bool:
    """Tell whether so many events match that each had better be judged by itself."""
    found = EventWords.objects.filter(Matches(F("vector"), Value(query)))
    return found.order_by().values("event_id")[:FREQUENT].count() == FREQUENT


def among(ids: Sequence[UUID]) -> Among:
    """Return the condition for events with these ids."""
    return Among(F("pk"), Listed(Value(list(ids), ArrayField(UUIDField()))))


def has_any(events: "QuerySet[Event]", query: str) -> bool:
    """Tell whether one of these events matches."""
    some = ids_found(query, most=A_FEW)
    if some and events.filter(among(some)).exists():
        return True
    return len(some) == A_FEW and events.filter(found_by(query)).exists()
