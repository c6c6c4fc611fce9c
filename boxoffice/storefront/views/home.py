"""The home page: search and list of upcoming events."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from boxoffice.storefront.presenters import event_cards
from evently.cursors import links_of, page_of
from evently.database.clock import now
from evently.pages import INVALID_FORM_STATUS
from events.forms import FinderForm
from events.queries import find_events
from events.search.finding import search_for

EVENTS_PER_PAGE = 12


@require_safe
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """List upcoming events; an htmx request gets only the results."""
    form = FinderForm(request.GET)
    at = now()
    events = find_events(**form.criteria)
    search = search_for(form.words, events) if form.words else None
    page = page_of(
        search.ranked() if search else events,
        ordering=("event_date", "id"),
        size=EVENTS_PER_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "form": form,
        "search": form.words,
        "is_filtered": bool(form.criteria or form.words),
        "filters_open": form.has_filters,
        "events": event_cards(page.rows, at=at) if form.is_valid() else [],
        "quick_filters": quick_filters(form),
        "now": at,
        **links_of(page, request.GET, kept=list(form.fields)),
    }
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        return render(request, "events/_results.html", context)
    status = 200 if form.is_valid() else INVALID_FORM_STATUS
    return render(request, "events/list.html", context, status=status)


def quick_filters(form: FinderForm) -> list[dict[str, Any]]:
    """Return links that apply or remove one filter each, as dicts of label, url and is_active.

    Days are named, not dated: today is another date in another time zone.
    """
    choices: list[tuple[str, dict[str, Any]]] = [
        ("Today", {"when": "today"}),
        ("This weekend", {"when": "weekend"}),
        ("Next 30 days", {"when": "month"}),
        ("Free", {"max_price": 0}),
        ("Seats left", {"available": "on"}),
    ]
    current = {name: str(value) for name, value in form.data.items() if value and name != "cursor"}
    filters = []
    for label, criteria in choices:
        query = {name: str(value) for name, value in criteria.items()}
        is_active = current == query
        url = reverse("home") + ("" if is_active else f"?{urlencode(query)}")
        filters.append({"label": label, "url": url, "is_active": is_active})
    return filters
