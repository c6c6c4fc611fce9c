"""The home page: search and list of upcoming events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from boxoffice.storefront.finder import nothing_found, panel_count, quick_filters
from boxoffice.storefront.presenters import EventCard, event_cards
from boxoffice.storefront.visitors import EVENTS_PER_PAGE, read_home, waitlists_of
from evently.cursors import CURSOR_PARAMETER, Page, links_of, page_of
from evently.database.clock import now
from evently.kept import KeptByKey
from evently.links import absolute
from evently.page_parts import Frame, slot
from evently.pages import INVALID_FORM_STATUS, site
from evently.shared_pages import (
    TOP,
    Built,
    Filled,
    Seen,
    SentPage,
    is_visitor,
    shared_list,
    shared_page,
    top_of,
    visitors_top,
)
from events.forms import FinderForm
from events.moments import moments_of, next_change
from events.queries import find_events
from events.search.finding import Search, search_for
from events.search.listed import Current, Listed

# One of the drawings at the top of the page, in its own colours.
HERO_COVER = (8, 0)
TEMPLATE, RESULTS = "events/list.html", "events/_results.html"
# Any other parameter, such as utm_source, leaves the page as it is.
PARAMETERS = frozenset((*FinderForm.base_fields, CURSOR_PARAMETER))

_frames: KeptByKey[Frame] = KeptByKey(8 * 1024 * 1024, size_of=lambda frame: frame.size)


@require_safe
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """List upcoming events; an htmx request gets only the results."""
    is_fragment = _wants_fragment(request)
    if not is_fragment and PARAMETERS.isdisjoint(request.GET):
        page = shared_page("home", read=read_home, build=partial(_build, request))
        if page is not None:
            return _sent(request, page)
    results = _find(request)
    # The chips keep the words, so they change with them.
    template = RESULTS if is_fragment else TEMPLATE
    extra = {"swap_chips": True} if is_fragment else {}
    if not results.form.is_valid():
        context = results.context(cards=[]) | extra
        context["parts"] = {TOP: top_of(request, hide_search=True)}
        return render(
            request, template, context, status=200 if is_fragment else INVALID_FORM_STATUS
        )

    name = (template, *map(request.GET.get, sorted(PARAMETERS)))
    cards = results.cards
    path = request.path
    around = [len(cards), *results.around]

    def framed() -> Frame:
        return _framed(template, results.context(cards=cards) | extra)

    def rendered() -> SentPage:
        frame = _frames.get(name, around, framed)
        return SentPage(_filled(frame, cards), partial(visitors_top, path, hide_search=True))

    key = [*around, *(card.key for card in cards)]
    return _sent(request, shared_list(name, key=key, render=rendered))


def _sent(request: HttpRequest, page: SentPage) -> HttpResponse:
    if is_visitor(request):
        return page.response(request, vary_on=("HX-Request",))
    return HttpResponse(page.with_top(top_of(request, hide_search=True)))


def _framed(template: str, context: dict[str, Any]) -> Frame:
    """Render a list for all, with slots for its cards and its top."""
    slots = [slot(str(number)) for number in range(len(context["events"]))]
    parts = {"parts": {TOP: slot(TOP)}, "cards": slots}
    return Frame(render_to_string(template, context | site() | parts))


def _filled(frame: Frame, cards: Sequence[EventCard]) -> str:
    """Return a list with its cards, and the slot of its top."""
    parts = {str(number): card.html for number, card in enumerate(cards)}
    return frame.filled(parts | {TOP: slot(TOP)})


def _wants_fragment(request: HttpRequest) -> bool:
    return bool(request.htmx) and not request.htmx.history_restore_request  # type: ignore[attr-defined]


def _build(request: HttpRequest) -> Built:
    """Render the first page of upcoming events for all visitors, to be filled with its cards."""
    results = _find(request)
    cards = results.cards
    frame = _framed(TEMPLATE, results.context(cards=cards))

    def fill(seen: Seen) -> Filled:
        waitlists = waitlists_of(seen.moving)
        shown = []
        for card in cards:
            event_id = card.row.pk
            seats, waitlist = seen.moving[event_id].seats, waitlists[event_id]
            shown.append(card.with_seats(seats, waitlist=waitlist, at=seen.at))
        return Filled(_filled(frame, shown))

    moments = [moment for card in cards for moment in moments_of(card.row)]
    return Built(
        fill,
        until=next_change(moments, at=results.at),
        top=partial(visitors_top, request.path, hide_search=True),
    )


@dataclass(frozen=True)
class _Results:
    """What was asked for, and the page of events that was found for it at a time."""

    form: FinderForm
    search: Search | None
    page: Page
    links: dict[str, str]
    at: datetime

    @property
    def is_filtered(self) -> bool:
        return bool(self.form.criteria or self.form.words)

    @cached_property
    def cards(self) -> list[EventCard]:
        with_lead = not self.is_filtered and not self.links["previous_url"]
        return event_cards(self.page.rows, at=self.at, with_lead=with_lead)

    @property
    def correction(self) -> str:
        return self.search.corrected_text if self.search else ""

    @property
    def around(self) -> list[str]:
        """What is shown apart from the cards, and from what was asked for."""
        suggestion = self.search.suggestion if self.search and not self.page.rows else ""
        return [self.correction, suggestion, *self.links.values()]

    def context(self, *, cards: list[EventCard]) -> dict[str, Any]:
        """Return the context of the page, apart from its parts."""
        form = self.form
        return {
            "home_address": absolute(reverse("home")),
            "home_image": absolute(reverse("cover_image", args=HERO_COVER)),
            "form": form,
            "search": form.words,
            "is_filtered": self.is_filtered,
            "panel_count": panel_count(form),
            "correction": self.correction,
            "events": cards,
            "quick_filters": quick_filters(form),
            "now": self.at,
            "nothing": nothing_found(form, self.search) if not self.page.rows else None,
            **self.links,
        }


def _find(request: HttpRequest) -> _Results:
    form = FinderForm(request.GET)
    at = now()
    criteria, words = form.criteria, form.words
    listed = Listed(partial(find_events, **criteria, at=at)) if criteria else Current(at=at)
    search = search_for(words, listed) if words else None
    page = page_of(
        search.ranked() if search else listed.events,
        ordering=("event_date", "id"),
        size=EVENTS_PER_PAGE,
        cursor=request.GET.get("cursor", ""),
        # Filters may leave out many of the first events.
        by_ids=bool(criteria),
    )
    links = links_of(page, request.GET, kept=list(form.fields))
    return _Results(form, search, page, links, at)
