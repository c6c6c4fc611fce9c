"""Finding events: as a condition on a list with an order of its own, or ranked by relevance."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Value

from evently.cursors import (
    CursorInvalid,
    Page,
    PagedList,
    after,
    decode,
    encode,
    page_of,
    reversed_order,
)
from events.models import Event
from events.search.conditions import (
    A_FEW,
    MANY,
    Folded,
    among,
    found_by,
    has_any,
    ids_found,
    is_frequent,
    matches,
    tier_of,
)
from events.search.lexemes import tiers_of
from events.search.phrases import Phrases, read
from events.search.spelling import Correction, correct

RELEVANCE = "relevance"
BY_DATE = ("event_date", "id")
# How many events are looked at in the order of their dates, where many match.
PROBED = 400


class Search:
    """A search among some events."""

    def __init__(self, text: str, events: QuerySet[Event], known: QuerySet[Event]) -> None:
        """events: as filtered otherwise. known: those whose words are spelled correctly."""
        self.text = text
        self.events = events
        self.known = known

    @cached_property
    def phrases(self) -> Phrases:
        return read(self.text)

    @cached_property
    def typed_queries(self) -> list[str]:
        """The text search queries by relevance; none if there is nothing to search for."""
        return tiers_of(self.phrases)

    @cached_property
    def is_found_as_typed(self) -> bool:
        return self._has_events(self.typed_queries)

    @cached_property
    def correction(self) -> Correction | None:
        """Other spellings with events, where the search as typed has none."""
        if not self.typed_queries or self.is_found_as_typed:
            return None
        found = correct(self.phrases, known=self.known)
        return found if found and self._has_events(tiers_of(found.phrases)) else None

    @property
    def is_corrected(self) -> bool:
        """Whether the events found are those of the corrected search."""
        return self.correction is not None and self.correction.is_certain

    @property
    def corrected_text(self) -> str:
        """What is shown the events of, if that is not what was typed; else ""."""
        return self.correction.text if self.correction and self.is_corrected else ""

    @property
    def suggestion(self) -> str:
        """What may have been meant, where that is too uncertain to show its events; or ""."""
        return self.correction.text if self.correction and not self.is_corrected else ""

    @cached_property
    def queries(self) -> list[str]:
        """The text search queries of what is shown."""
        if self.correction is not None and self.is_corrected:
            return tiers_of(self.correction.phrases)
        return self.typed_queries

    @cached_property
    def nearest(self) -> list[UUID]:
        """The first of the events to search among, by date."""
        return list(self.events.order_by(*BY_DATE).values_list("pk", flat=True)[:PROBED])

    @property
    def few(self) -> QuerySet[Event] | None:
        """The events to search among, where they are so few that each can be looked at; or None."""
        if len(self.nearest) == PROBED:
            return None
        return self.events.filter(among(self.nearest))

    def _has_events(self, queries: list[str]) -> bool:
        if not queries:
            return False
        some = ids_found(queries[-1], most=A_FEW)
        if len(some) == A_FEW and self.few is not None:
            return self.few.filter(matches(queries[-1])).exists()
        return has_any(self.events, queries[-1])

    def found(self) -> QuerySet[Event]:
        """Return the events found, in no particular order."""
        if not self.queries:
            return self.events.none()
        query = self.queries[-1]
        return self.events.filter(matches(query) if is_frequent(query) else found_by(query))

    def ranked(self) -> "RankedEvents":
        """Return the events found, by relevance, then by date."""
        return RankedEvents(self)


def matching(
    events: QuerySet[Event], text: str, *, known: QuerySet[Event] | None = None
) -> QuerySet[Event]:
    """Keep the events that a search finds, in the order that the caller sets.

    known: the events whose words count as spelled correctly, by default the published ones.
    """
    return search_for(text, events, known=known).found()


def search_for(
    text: str, events: QuerySet[Event], *, known: QuerySet[Event] | None = None
) -> Search:
    known = Event.objects.published() if known is None else known
    return Search(text, events, known)


def in_venue(events: QuerySet[Event], text: str) -> QuerySet[Event]:
    """Keep the events whose venue contains a text, with or without its accents."""
    queries = tiers_of(read(text))
    contained = Q(venue__icontains=text)
    if queries:
        events = events.alias(folded_venue=Folded("venue"))
        contained |= Q(found_by(queries[-1]), folded_venue__contains=Folded(Value(text)))
    return events.filter(contained)


class RankedEvents(PagedList):
    """Found events by relevance, date and id, a page at a time.

    Few are ranked by one query. Many take too long for that: then each tier of relevance is read
    in the order of dates until the page is full. Of what many events have, the events of the next
    weeks fill a page; they are looked at first.
    """

    ordering = (RELEVANCE, *BY_DATE)

    def __init__(self, search: Search, *, many: int = MANY) -> None:
        """many: how many rows are too many to sort."""
        self.search = search
        self.many = many

    def page(self, *, size: int, cursor: str = "") -> Page:
        if not cursor and self.search.typed_queries:
            page = self._page(self.search.typed_queries, size=size, cursor="")
            self.search.is_found_as_typed = bool(page.rows)
            if page.rows or not self.search.is_corrected:
                return page
        if not self.search.queries:
            return Page(rows=[], previous=None, next=None)
        return self._page(self.search.queries, size=size, cursor=cursor)

    def _page(self, queries: list[str], *, size: int, cursor: str) -> Page:
        some = ids_found(queries[-1], most=self.many)
        if not some and not cursor:
            return Page(rows=[], previous=None, next=None)
        events = self.search.events.filter(among(some))
        if len(some) == self.many:
            if self.search.few is None:
                return self._page_by_tiers(queries, size=size, cursor=cursor)
            events = self.search.few.filter(matches(queries[-1]))
        ranked = events.annotate(relevance=tier_of(queries))
        return page_of(ranked, ordering=self.ordering, size=size, cursor=cursor)

    def _page_by_tiers(self, queries: list[str], *, size: int, cursor: str) -> Page:
        typed = self.search.events.annotate(relevance=tier_of(queries))
        backwards, values = decode(cursor, typed, self.ordering) if cursor else (False, ())
        if values and values[0] not in range(len(queries)):
            raise CursorInvalid
        order = reversed_order(BY_DATE) if backwards else BY_DATE
        tiers = range(len(queries))
        if backwards:
            tiers = tiers[::-1]
        rows: list[Any] = []
        if values:
            tier = values[0]
            tiers = tiers[tiers.index(tier) :]
            rest = self.search.events.filter(after(order, values[1:]))
            rows = _first_of(rest, queries, tiers[:1], order, most=size + 1)
            tiers = tiers[1:]
        rows += _first_of(
            self.search.events,
            queries,
            tiers,
            order,
            most=size + 1 - len(rows),
            nearest=None if backwards else self.search.nearest,
        )
        more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        has_previous, has_next = (more, True) if backwards else (bool(cursor), more)
        first = encode(rows[0], self.ordering, backwards=True) if rows and has_previous else None
        last = encode(rows[-1], self.ordering, backwards=False) if rows and has_next else None
        return Page(rows=rows, previous=first, next=last)


def _first_of(
    events: QuerySet[Event],
    queries: list[str],
    tiers: range,
    order: Sequence[str],
    *,
    most: int,
    nearest: list[UUID] | None = None,
) -> list[Any]:
    """Return the first of these events by tier, in the order of the tiers, then by date.

    nearest: the ids of the first of them in that order, where they are known.
    """
    if not tiers or most <= 0:
        return []
    if nearest is None:
        nearest = list(events.order_by(*order).values_list("pk", flat=True)[:PROBED])
    near = _nearby(events, nearest, queries, tiers, order, most=most)
    rows: list[Any] = []
    for tier in tiers:
        wanted = most - len(rows)
        found = [event for event in near if event.relevance == tier][:wanted]
        if len(found) < wanted:
            query = f"({queries[tier]}) & !({queries[tier - 1]})" if tier else queries[0]
            found = list(events.filter(found_by(query)).order_by(*order)[:wanted])
            for event in found:
                event.relevance = tier
        rows += found
        if len(rows) == most:
            break
    return rows


def _nearby(
    events: QuerySet[Event],
    nearest: list[UUID],
    queries: list[str],
    tiers: range,
    order: Sequence[str],
    *,
    most: int,
) -> list[Any]:
    """Return which of the first of these events by date match, by tier."""
    by_tier = RELEVANCE if tiers.step > 0 else f"-{RELEVANCE}"
    found = Event.objects.filter(among(nearest)).filter(matches(queries[-1]))
    found = found.annotate(relevance=tier_of(queries)).filter(relevance__in=list(tiers))
    return list(found.order_by(by_tier, *order)[:most])
