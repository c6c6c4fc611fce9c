"""Finding events: as a condition on a list with an order of its own, or ranked by relevance."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Value

from evently.cursors import (
    CursorInvalid,
    Page,
    PagedList,
    decode,
    encode,
)
from events.models import Event
from events.search.conditions import (
    Folded,
    among,
    found_by,
    has_any,
    ids_by_date,
    is_frequent,
    matches,
    tiers_by_id,
)
from events.search.lexemes import tiers_of
from events.search.phrases import Phrases, read
from events.search.spelling import Correction, correct

RELEVANCE = "relevance"
BY_DATE = ("event_date", "id")
# How many events are looked at one by one, in the order of their dates.
PROBED = 400
# Fewer matches than this are judged one by one as well.
RARE = 100
# With so many among the nearest, matches are soon met in any order.
FREQUENT = 6
# The tier of relevance of an event, and its id.
Found = tuple[int, UUID]


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
    def nearest(self) -> dict[UUID, datetime]:
        """The first of the events to search among, by date: id and date."""
        return dict(self.events.order_by(*BY_DATE).values_list("pk", "event_date")[:PROBED])

    def _has_events(self, queries: list[str]) -> bool:
        if not queries:
            return False
        if tiers_by_id(list(self.nearest), queries[-1:]):
            return True
        return len(self.nearest) == PROBED and has_any(self.events, queries[-1])

    def found(self) -> QuerySet[Event]:
        """Return the events found, in no particular order."""
        if not self.queries:
            return self.events.none()
        query = self.queries[-1]
        return self.events.filter(matches(query) if is_frequent(query) else found_by(query))

    def found_by_page(self) -> QuerySet[Event]:
        """Return the events found, of which a page is read in the order of an index."""
        if not self.queries:
            return self.events.none()
        query = self.queries[-1]
        near = tiers_by_id(list(self.nearest), [query])
        return self.events.filter(matches(query) if len(near) >= FREQUENT else found_by(query))

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

    Tiers of relevance are read one after the other until the page is full: of the nearest events,
    each is judged by itself, which soon fills a page with what many events have. Only where it does
    not, later events are looked up in the index of words.
    """

    ordering = (RELEVANCE, *BY_DATE)

    def __init__(self, search: Search) -> None:
        self.search = search

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
        typed = self.search.events.annotate(relevance=Value(0))
        backwards, values = decode(cursor, typed, self.ordering) if cursor else (False, ())
        if values and values[0] not in range(len(queries)):
            raise CursorInvalid
        tiers = range(len(queries))
        if backwards:
            tiers = tiers[::-1]
        found: list[Found] = []
        if values:
            tier, *place = values
            tiers = tiers[tiers.index(tier) :]
            ids = self._looked_up(queries, tier, after=place, backwards=backwards, most=size + 1)
            found = [(tier, event_id) for event_id in ids]
            tiers = tiers[1:]
        found += self._first(queries, tiers, backwards=backwards, most=size + 1 - len(found))
        more, rows = len(found) > size, self._rows(found[:size])
        if backwards:
            rows.reverse()
        has_previous, has_next = (more, True) if backwards else (bool(cursor), more)
        first = encode(rows[0], self.ordering, backwards=True) if rows and has_previous else None
        last = encode(rows[-1], self.ordering, backwards=False) if rows and has_next else None
        return Page(rows=rows, previous=first, next=last)

    def _first(
        self, queries: list[str], tiers: range, *, backwards: bool, most: int
    ) -> list[Found]:
        """Return the first events of these tiers, in the order of the tiers, then by date."""
        if not tiers or most <= 0:
            return []
        nearest = {} if backwards else self.search.nearest
        last = next(((day, each) for each, day in reversed(nearest.items())), None)
        known, is_complete = list(nearest), not backwards and len(nearest) < PROBED
        tier_of = tiers_by_id(known, queries)
        if last and not tier_of and not is_complete:
            known = ids_by_date(self.search.events, queries[-1], after=last, most=RARE)
            is_complete = len(known) < RARE
            tier_of = tiers_by_id(known, queries) if is_complete else {}
        found: list[Found] = []
        for tier in tiers:
            found += [(tier, each) for each in known if tier_of.get(each) == tier]
            wanted = most - len(found)
            if wanted > 0 and not is_complete:
                ids = self._looked_up(queries, tier, after=last, backwards=backwards, most=wanted)
                found += [(tier, event_id) for event_id in ids]
            if len(found) >= most:
                break
        return found[:most]

    def _looked_up(
        self,
        queries: list[str],
        tier: int,
        *,
        after: Sequence[Any] | None,
        backwards: bool,
        most: int,
    ) -> list[UUID]:
        """Return the first events of a tier after a date and id, by the index of words."""
        query = f"({queries[tier]}) & !({queries[tier - 1]})" if tier else queries[0]
        return ids_by_date(self.search.events, query, after=after, backwards=backwards, most=most)

    def _rows(self, found: list[Found]) -> list[Any]:
        """Return the events of these ids, in this order, with their relevance."""
        if not found:
            return []
        ids = [event_id for _, event_id in found]
        events: dict[UUID, Any] = {
            event.pk: event for event in self.search.events.filter(among(ids))
        }
        rows = [(events[event_id], tier) for tier, event_id in found if event_id in events]
        for event, tier in rows:
            event.relevance = tier
        return [event for event, _ in rows]
