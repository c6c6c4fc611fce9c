"""The tabs that connect the admin pages of one event. Each app adds the tabs of its own pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse


@dataclass(frozen=True)
class Tab:
    """A page about an event. rank: sorts the tabs. key: names the tab for `tabs_context`."""

    rank: int
    key: str
    title: str
    url_of: Callable[[UUID], str]


_tabs: list[Tab] = []


def add_tab(rank: int, key: str, title: str, url_of: Callable[[UUID], str]) -> None:
    """Add a page to the tabs of every event; called when an admin module is imported."""
    _tabs.append(Tab(rank, key, title, url_of))
    _tabs.sort(key=lambda tab: tab.rank)


def rows_url(model: str) -> Callable[[UUID], str]:
    """Return a function from an event's id to the URL of the list of its rows.

    model: as in the names of admin URLs, such as "bookings_booking".
    """
    return lambda event_id: f"{reverse(f'admin:{model}_changelist')}?event__id__exact={event_id}"


def tabs_context(event: Any, *, current: str) -> dict[str, Any]:
    """Return the context of admin/event_tabs.html; current: the key of the page shown."""
    return {
        "tabs_event": event,
        "event_tabs": [
            {"title": tab.title, "url": tab.url_of(event.pk), "current": tab.key == current}
            for tab in _tabs
        ],
    }
