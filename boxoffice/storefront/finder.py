"""The quick filters of the home page, and what helps where nothing is found."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from events.forms import FinderForm
from events.search.finding import Search

# Each chip sets these fields; those of one kind replace each other.
DAYS = ("when", "date_from", "date_to")
PRICES = ("min_price", "max_price")
SEATS = ("available",)
CHIPS: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    ("Today", DAYS, {"when": "today"}),
    ("This weekend", DAYS, {"when": "weekend"}),
    ("Next 30 days", DAYS, {"when": "month"}),
    ("Free", PRICES, {"max_price": "0"}),
    ("Seats left", SEATS, {"available": "on"}),
)
# What a search can do without: the fields, and how the empty page speaks of them.
WAYS_OUT = (
    (DAYS, "on these days", "Search all dates"),
    (PRICES, "at this price", "Search all prices"),
    (SEATS, "with seats left", "Include sold-out events"),
)


def current_fields(form: FinderForm) -> dict[str, str]:
    """Return the fields that are filled in, as typed."""
    return {name: str(form.data[name]) for name in form.fields if form.data.get(name)}


def quick_filters(form: FinderForm) -> list[dict[str, Any]]:
    """Return links that apply or remove one filter each, as dicts of label, url and is_active.

    Search words and filters of other kinds stay. Days are named, not dated: today is another date
    in another time zone.
    """
    fields = current_fields(form)
    chips = []
    for label, kind, chosen in CHIPS:
        is_active = {name: fields[name] for name in kind if name in fields} == chosen
        kept = without(fields, kind)
        url = url_of(kept if is_active else kept | chosen)
        chips.append({"label": label, "url": url, "is_active": is_active})
    return chips


def panel_count(form: FinderForm) -> int:
    """Return how many fields of the filter panel are filled in, in words or not."""
    return len(current_fields(form).keys() - {"search", "when"})


def nothing_found(form: FinderForm, search: Search | None) -> dict[str, Any]:
    """Return what the empty page says: title, text, suggestion, and links that help."""
    fields = current_fields(form)
    used = [way for way in WAYS_OUT if any(name in fields for name in way[0])]
    words = f" for “{form.words}”" if form.words else ""
    filters = "".join(f" {clause}" for _, clause, _ in used)
    links = [{"label": label, "url": url_of(without(fields, kind))} for kind, _, label in used]
    if form.words and used:
        links.append({"label": "Remove all filters", "url": url_of({"search": form.words})})
    suggestion = search.suggestion if search else ""
    return {
        "title": f"No events found{words}{filters}",
        "text": "Check the spelling, or try fewer or different words." if form.words else "",
        "suggestion": suggestion,
        "suggestion_url": url_of(fields | {"search": suggestion}),
        "links": links,
    }


def without(fields: Mapping[str, str], kind: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in kind}


def url_of(fields: Mapping[str, str]) -> str:
    return reverse("home") + (f"?{urlencode(fields)}" if fields else "")
