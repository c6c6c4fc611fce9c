"""Finding events: as a condition on a list with an order of its own, or ranked by relevance."""

from functools import cached_property
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When

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
    Found,
    Matches,
    Near,
    Place,
    found_by,
    found_by_words,
    has_any,
    is_frequent,
    judged,
    matches,
)
from events.search.lexemes import tiers_of
from events.search.listed import Listed, Published
from events.search.models import EventWords
from events.search.phrases import Phrases, read
from events.search.spelling import Correction, correct

RELEVANCE = "relevance"
BY_DATE = ("event_date", "id")
# How many events are looked at one by one, in the order of their dates.
PROBED = 400
# So many more are, where enough are probably found among them.
PROBED_FURTHER = 600
# More than are expected among them, as matches lie by chance.
MARGIN = 1.3
# Where the nearest have no more than one of them, so many are looked up at once, for all tiers.
RARE = 300
# With so many among the nearest, matches are soon met in any order.
FREQUENT = 6
# Before any are judged.
NONE_NEAR = Near([], 0, None)


class Search:
    """A search among some events."""

    def __init__(self, text: str, listed: Listed, known: Listed) -> None:
        """listed: as filtered otherwise. known: those whose words are spelled correctly."""
        self.text = text
        self.listed = listed
        self.known = known
        self._near: dict[tuple[str, ...], Near] = {}

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

    def near(self, queries: list[str]) -> Near:
        """Return what the nearest events are found to be, by these tiers."""
        key = tuple(queries)
        if key not in self._near:
            self._near[key] = judged(self.listed, queries, most=PROBED)
        return self._near[key]

    def _has_events(self, queries: list[str]) -> bool:
        if not queries:
            return False
        near = self.near(queries)
        return bool(near.found) or (near.last is not None and has_any(self.listed, queries[-1]))

    def found(self) -> QuerySet[Event]:
        """Return the events found, in no particular order."""
        if not self.queries:
            return self.listed.events.none()
        query = self.queries[-1]
        return self.listed.events.filter(matches(query) if is_frequent(query) else found_by(query))

    def found_by_page(self) -> QuerySet[Event]:
        """Return the events found, of which a page is read in the order of an index."""
        if not self.queries:
            return self.listed.events.none()
        query = self.queries[-1]
        is_soon_met = len(self.near(self.queries).found) >= FREQUENT
        return self.listed.events.filter(matches(query) if is_soon_met else found_by(query))

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
    text: str, events: QuerySet[Event] | Listed, *, known: QuerySet[Event] | None = None
) -> Search:
    listed = events if isinstance(events, Listed) else Listed(events.all)
    return Search(text, listed, Published() if known is None else Listed(known.all))


def in_venue(events: QuerySet[Event], text: str) -> QuerySet[Event]:
    """Keep the events whose venue contains a text, with or without its accents."""
    queries = tiers_of(read(text))
    contained = Q(venue__icontains=text)
    if queries:
        events = events.alias(folded_venue=Folded("venue"))
        # As a set: an array would be searched for each event.
        found = EventWords.objects.filter(Matches(F("vector"), Value(queries[-1])))
        # In this order: what a venue is compared without takes longer to work out.
        contained |= Q(pk__in=found.values("event_id")) & Q(
            folded_venue__contains=Folded(Value(text))
        )
    # PostgreSQL expects that hardly any contain it, and would sort those of a frequent venue; of
    # this it expects half, and reads events in their order until there are enough.
    return events.filter(Case(When(contained, then=True), default=False))


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
        backwards, values = self._decoded(cursor) if cursor else (False, ())
        if values and values[0] not in range(len(queries)):
            raise CursorInvalid
        tiers = range(len(queries))
        if backwards:
            tiers = tiers[::-1]
        found: list[Found] = []
        if values:
            tier, *place = values
            tiers = tiers[tiers.index(tier) :]
            near = judged(
                self.search.listed, queries, most=PROBED, after=tuple(place), backwards=backwards
            )
            found, _ = self._of_tier(queries, tier, near, most=size + 1, backwards=backwards)
            tiers = tiers[1:]
        found += self._first(queries, tiers, backwards=backwards, most=size + 1 - len(found))
        more, rows = len(found) > size, self._rows(found[:size])
        if backwards:
            rows.reverse()
        has_previous, has_next = (more, True) if backwards else (bool(cursor), more)
        first = encode(rows[0], self.ordering, backwards=True) if rows and has_previous else None
        last = encode(rows[-1], self.ordering, backwards=False) if rows and has_next else None
        return Page(rows=rows, previous=first, next=last)

    def _decoded(self, cursor: str) -> tuple[bool, tuple[Any, ...]]:
        typed = self.search.listed.events.annotate(relevance=Value(0))
        return decode(cursor, typed, self.ordering)

    def _first(
        self, queries: list[str], tiers: range, *, backwards: bool, most: int
    ) -> list[Found]:
        """Return the first events of these tiers, in the order of the tiers, then by date."""
        if not tiers or most <= 0:
            return []
        near = NONE_NEAR if backwards else self._near_or_rare(queries)
        found: list[Found] = []
        for tier in tiers:
            wanted = most - len(found)
            more, near = self._of_tier(queries, tier, near, most=wanted, backwards=backwards)
            found += more
            if len(found) >= most:
                break
        return found

    def _near_or_rare(self, queries: list[str]) -> Near:
        """Return the nearest events, and all others of what is rare."""
        near = self.search.near(queries)
        if near.last is None or len(near.found) > 1:
            return near
        rare = found_by_words(
            self.search.listed, queries[-1], tiers=queries, after=near.last, most=RARE
        )
        return Near(near.found + rare, near.count, None) if len(rare) < RARE else near

    def _of_tier(
        self, queries: list[str], tier: int, near: Near, *, most: int, backwards: bool
    ) -> tuple[list[Found], Near]:
        """Return the first events of a tier, and the nearest of all that were judged so far."""
        near = self._further(queries, near, tier, most=most, backwards=backwards)
        found = near.of(tier)[:most]
        if len(found) < most and not near.is_all:
            wanted = most - len(found)
            found += self._looked_up(
                queries, tier, after=near.last, backwards=backwards, most=wanted
            )
        return found, near

    def _further(
        self, queries: list[str], near: Near, tier: int, *, most: int, backwards: bool
    ) -> Near:
        """Judge more of the nearest events, where enough of a tier are probably among them."""
        known = len(near.of(tier))
        if near.last is None or not 0 < known < most:
            return near
        expected = int(MARGIN * near.count * (most - known) / known)
        if expected > PROBED_FURTHER:
            return near
        more = judged(
            self.search.listed, queries, most=expected, after=near.last, backwards=backwards
        )
        return Near(near.found + more.found, near.count + more.count, more.last)

    def _looked_up(
        self,
        queries: list[str],
        tier: int,
        *,
        after: Place | None,
        backwards: bool,
        most: int,
    ) -> list[Found]:
        """Return the first events of a tier after a date and id, by the index of words."""
        query = f"({queries[tier]}) & !({queries[tier - 1]})" if tier else queries[0]
        found = found_by_words(
            self.search.listed, query, tiers=[query], after=after, most=most, backwards=backwards
        )
        return [each._replace(relevance=tier) for each in found]

    def _rows(self, found: list[Found]) -> list[Any]:
        """Return these events, in this order, with their relevance."""
        if not found:
            return []
        events = self.search.listed.rows([each.id for each in found])
        rows = [(events[each.id], each.relevance) for each in found if each.id in events]
        for event, relevance in rows:
            event.relevance = relevance
        return [event for event, _ in rows]
