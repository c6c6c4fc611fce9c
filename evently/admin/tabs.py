"""The pages about one event in the admin, grouped into tabs. Each app adds its own pages.

Every page has a URL below its event, `/admin/events/event/<id>/<key>/`, named `admin:event_<key>`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

# The tabs, in order. A tab without pages is not shown.
TABS = (
    "Overview",
    "Analytics",
    "Attendees",
    "Waitlist",
    "Prices",
    "Messages",
    "Activity",
    "Settings",
)


@dataclass(frozen=True)
class EventPage:
    """A page about an event, on a tab.

    key: names it in URLs. rank: sorts the pages of a tab; the first opens with the tab. view:
    called with the request and the event, which the current user manages. None: a page with a URL
    of its own, `url_name`, which takes the event's id. listed: whether the tab links to it.
    """

    tab: str
    key: str
    title: str
    rank: int
    view: Callable[[HttpRequest, Any], HttpResponseBase] | None
    url_name: str
    listed: bool


_pages: list[EventPage] = []


def add_page(
    tab: str,
    key: str,
    title: str,
    *,
    view: Callable[[HttpRequest, Any], HttpResponseBase] | None = None,
    url_name: str = "",
    rank: int = 0,
    listed: bool = True,
) -> None:
    """Add a page to the tabs of every event; called when an admin module is imported."""
    if tab not in TABS:
        raise ValueError(f"There is no tab {tab!r}.")
    url_name = url_name or f"admin:event_{key}"
    _pages.append(EventPage(tab, key, title, rank, view, url_name, listed))
    _pages.sort(key=lambda page: (TABS.index(page.tab), page.rank))


def event_pages() -> list[EventPage]:
    """Return all pages, by tab and rank."""
    return list(_pages)


def event_page_url(key: str, event_id: UUID) -> str:
    page = next(page for page in _pages if page.key == key)
    return reverse(page.url_name, args=[event_id])


def page_links(tab: str, event_id: UUID) -> list[tuple[str, str]]:
    """Return the pages of a tab that it does not list, as pairs of title and URL."""
    return [
        (page.title, event_page_url(page.key, event_id))
        for page in _pages
        if page.tab == tab and not page.listed
    ]


def tabs_context(event: Any, *, current: str) -> dict[str, Any]:
    """Return the context of admin/event_tabs.html; current: the key of the page shown."""
    shown = next((page for page in _pages if page.key == current), None)
    firsts = {page.tab: page for page in reversed(_pages)}
    siblings = [page for page in _pages if page.listed and shown and page.tab == shown.tab]
    return {
        "tabs_event": event,
        "event_tabs": [
            {
                "title": tab,
                "url": event_page_url(firsts[tab].key, event.pk),
                "current": shown is not None and tab == shown.tab,
            }
            for tab in TABS
            if tab in firsts
        ],
        "event_subpages": [
            {
                "title": page.title,
                "url": event_page_url(page.key, event.pk),
                "current": page == shown,
            }
            for page in siblings
            if len(siblings) > 1
        ],
    }
