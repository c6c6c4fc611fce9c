"""The pages about one event in the admin, grouped into tabs. Each app adds its own pages.

Every page has a URL below its event, `/admin/events/event/<id>/<key>/`, named `admin:event_<key>`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

# The tabs, in order. A tab without pages is not shown.
TABS = ("Overview", "Attendees", "Waitlist", "Messages", "Activity", "Settings")


@dataclass(frozen=True)
class EventPage:
    """A page about an event, on a tab.

    key: names it in URLs. rank: sorts the pages of a tab; the first opens with the tab. view:
    called with the request and the event, which the current user manages. None: a page with a URL
    of its own, `url_name`, which takes the event's id.
    """

    tab: str
    key: str
    title: str
    rank: int
    view: Callable[[HttpRequest, Any], HttpResponse] | None
    url_name: str


_pages: list[EventPage] = []


def add_page(
    tab: str,
    key: str,
    title: str,
    *,
    view: Callable[[HttpRequest, Any], HttpResponse] | None = None,
    url_name: str = "",
    rank: int = 0,
) -> None:
    """Add a page to the tabs of every event; called when an admin module is imported."""
    if tab not in TABS:
        raise ValueError(f"There is no tab {tab!r}.")
    _pages.append(EventPage(tab, key, title, rank, view, url_name or f"admin:event_{key}"))
    _pages.sort(key=lambda page: (TABS.index(page.tab), page.rank))


def event_pages() -> list[EventPage]:
    """Return all pages, by tab and rank."""
    return list(_pages)


def event_page_url(key: str, event_id: UUID) -> str:
    page = next(page for page in _pages if page.key == key)
    return reverse(page.url_name, args=[event_id])


def tabs_context(event: Any, *, current: str) -> dict[str, Any]:
    """Return the context of admin/event_tabs.html; current: the key of the page shown."""
    shown = next((page for page in _pages if page.key == current), None)
    firsts = {page.tab: page for page in reversed(_pages)}
    siblings = [page for page in _pages if shown is not None and page.tab == shown.tab]
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
