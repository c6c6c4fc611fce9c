"""The pages about one event, side by side. Each app adds its own, since imports run one way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse


@dataclass(frozen=True)
class Tab:
    """One page about an event. rank: its place among the tabs. key: tells which page is open."""

    rank: int
    key: str
    title: str
    url_of: Callable[[UUID], str]


_tabs: list[Tab] = []


def add_tab(rank: int, key: str, title: str, url_of: Callable[[UUID], str]) -> None:
    """Add a page to the tabs of every event."""
    _tabs.append(Tab(rank, key, title, url_of))
    _tabs.sort(key=lambda tab: tab.rank)


def rows_url(model: str) -> Callable[[UUID], str]:
    """Return a function from an event's id to the list of its rows; model: as in URL names."""
    return lambda event_id: f"{reverse(f'admin:{model}_changelist')}?event__id__exact={event_id}"


def tabs_context(event: Any, *, current: str) -> dict[str, Any]:
    """Return the context of admin/event_tabs.html; current: the key of the open page."""
    return {
        "tabs_event": event,
        "event_tabs": [
            {"title": tab.title, "url": tab.url_of(event.pk), "current": tab.key == current}
            for tab in _tabs
        ],
    }
