"""The home page: finding events."""

from datetime import date, timedelta
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

EVENTS_PER_PAGE = 12
SATURDAY = 5


@require_safe
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """List the events ahead; an htmx request gets the results alone."""
    form = FinderForm(request.GET)
    at = now()
    page = page_of(
        find_events(**form.wishes),
        ordering=("event_date", "id"),
        size=EVENTS_PER_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "form": form,
        "search": form.wishes.get("search", ""),
        "is_filtered": bool(form.wishes),
        "filters_open": form.names_filters,
        "events": event_cards(page.rows, at=at) if form.is_valid() else [],
        "quick_filters": quick_filters(form, today=at.date()),
        **links_of(page, request.GET, kept=list(form.fields)),
    }
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        return render(request, "events/_results.html", context)
    status = 200 if form.is_valid() else INVALID_FORM_STATUS
    return render(request, "events/list.html", context, status=status)


def quick_filters(form: FinderForm, *, today: date) -> list[dict[str, Any]]:
    """Return filters for one tap, each on its own: label, url, is_active."""
    saturday = today + timedelta(days=(SATURDAY - today.weekday()) % 7)
    if today.weekday() > SATURDAY:
        saturday = today - timedelta(days=1)
    choices: list[tuple[str, dict[str, Any]]] = [
        (
            "This weekend",
            {"date_from": max(saturday, today), "date_to": saturday + timedelta(days=1)},
        ),
        ("Next 30 days", {"date_to": today + timedelta(days=30)}),
        ("Free", {"max_price": 0}),
        ("Seats left", {"available": "on"}),
    ]
    asked = {name: str(value) for name, value in form.data.items() if value and name != "cursor"}
    shown = []
    for label, wishes in choices:
        query = {name: str(value) for name, value in wishes.items()}
        is_active = asked == query
        url = reverse("home") + ("" if is_active else f"?{urlencode(query)}")
        shown.append({"label": label, "url": url, "is_active": is_active})
    return shown
