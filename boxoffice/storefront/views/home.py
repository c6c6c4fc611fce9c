"""The home page: search and list of upcoming events."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from boxoffice.storefront.finder import nothing_found, panel_count, quick_filters
from boxoffice.storefront.presenters import event_cards
from evently.cursors import links_of, page_of
from evently.database.clock import now
from evently.links import absolute
from evently.pages import INVALID_FORM_STATUS
from events.forms import FinderForm
from events.queries import find_events
from events.search.finding import search_for

EVENTS_PER_PAGE = 12
# One of the drawings at the top of the page, in its own colours.
HERO_COVER = (8, 0)


@require_safe
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """List upcoming events; an htmx request gets only the results."""
    form = FinderForm(request.GET)
    at = now()
    events = find_events(**form.criteria, at=at)
    search = search_for(form.words, events) if form.words else None
    page = page_of(
        search.ranked() if search else events,
        ordering=("event_date", "id"),
        size=EVENTS_PER_PAGE,
        cursor=request.GET.get("cursor", ""),
        # Filters may leave out many of the first events.
        by_ids=bool(form.criteria),
    )
    context = {
        "home_address": absolute(reverse("home")),
        "home_image": absolute(reverse("cover_image", args=HERO_COVER)),
        "form": form,
        "search": form.words,
        "is_filtered": bool(form.criteria or form.words),
        "panel_count": panel_count(form),
        "correction": search.corrected_text if search else "",
        "events": event_cards(page.rows, at=at) if form.is_valid() else [],
        "quick_filters": quick_filters(form),
        "now": at,
        "nothing": nothing_found(form, search) if not page.rows else None,
        **links_of(page, request.GET, kept=list(form.fields)),
    }
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        # The chips keep the words, so they change with them.
        return render(request, "events/_results.html", {**context, "swap_chips": True})
    status = 200 if form.is_valid() else INVALID_FORM_STATUS
    return render(request, "events/list.html", context, status=status)
