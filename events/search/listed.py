"""Events to search among, as a part of statements."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet

from evently.database.functions import Among, GivenIds
from evently.database.prepared import PreparedQuery, execute_prepared
from events.models import Event

# SQL with %s for its parameters.
Part = tuple[str, Sequence[Any]]
Rows = list[tuple[Any, ...]]


def among(ids: Sequence[UUID]) -> Among:
    """Return the condition for events with these ids."""
    return Among(F("pk"), GivenIds(list(ids)))


class Listed:
    """Some events, such as those that filters leave."""

    def __init__(self, events_of: Callable[[], QuerySet[Event]]) -> None:
        """events_of: returns them as a queryset, which few searches need."""
        self._events_of = events_of

    @cached_property
    def events(self) -> QuerySet[Event]:
        return self._events_of()

    @cached_property
    def part(self) -> Part:
        """A subquery of their ids and dates, in no order."""
        chosen = self.events.order_by().values_list("pk", "event_date")
        return chosen.query.sql_with_params()

    def execute(self, sql: str, parameters: Sequence[Any]) -> Rows:
        """Execute a statement that has the part in it."""
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

    def rows(self, ids: Sequence[UUID]) -> dict[UUID, Any]:
        """Return those of the events that have these ids, by id."""
        return {event.pk: event for event in self.events.filter(among(ids))}


CURRENT = PreparedQuery[Any](
    lambda at: Event.objects.current(at=at).order_by().values_list("pk", "event_date"), at=datetime
)
PUBLISHED = PreparedQuery[Any](
    lambda: Event.objects.published().order_by().values_list("pk", "event_date")
)
CURRENT_ROWS = PreparedQuery(
    lambda at, ids: Event.objects.current(at=at).filter(among(ids)), at=datetime, ids=list
)


class Prepared(Listed):
    """Events that most searches are among, by statements that are prepared.

    Not so with filters: the plan of a prepared statement does not depend on their values.
    """

    def execute(self, sql: str, parameters: Sequence[Any]) -> Rows:
        return execute_prepared(connection, sql, parameters)


class Current(Prepared):
    """All current events."""

    def __init__(self, *, at: datetime) -> None:
        super().__init__(lambda: Event.objects.current(at=at))
        self.at = at

    @cached_property
    def part(self) -> Part:
        return CURRENT.part(at=self.at)

    def rows(self, ids: Sequence[UUID]) -> dict[UUID, Any]:
        return {event.pk: event for event in CURRENT_ROWS.rows(at=self.at, ids=list(ids))}


class Published(Prepared):
    """All published events, which have the words that are spelled correctly."""

    def __init__(self) -> None:
        super().__init__(Event.objects.published)

    @cached_property
    def part(self) -> Part:
        return PUBLISHED.part()
