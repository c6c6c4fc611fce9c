"""The pages about one event, side by side. Each app adds its own, since imports run one way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from events.models import Event


@dataclass(frozen=True)
class Tab:
    """One page about an event. rank: where it stands. key: which page is open."""

    rank: int
    key: str
    title: str
    url_of: Callable[[UUID], str]


_tabs: list[Tab] = []


def add_tab(rank: int, key: str, title: str, url_of: Callable[[UUID], str]) -> None:
    """Add a page to those of each event."""
    _tabs.append(Tab(rank, key, title, url_of))
    _tabs.sort(key=lambda tab: tab.rank)


def rows_url(model: str) -> Callable[[UUID], str]:
    """Return what makes the address of an event's rows; model: as in URL names."""
    return lambda event_id: f"{reverse(f'admin:{model}_changelist')}?event__id__exact={event_id}"


def tabs_context(event: Event, *, current: str) -> dict[str, Any]:
    """Return what admin/event_tabs.html needs."""
    return {
        "tabs_event": event,
        "event_tabs": [
            {"title": tab.title, "url": tab.url_of(event.pk), "current": tab.key == current}
            for tab in _tabs
        ],
    }


def event_of_list(request: HttpRequest) -> Event | None:
    """Return the event whose rows a list is narrowed to, if it is theirs to see."""
    try:
        event_id = UUID(request.GET.get("event__id__exact", ""))
    except ValueError:
        return None
    return Event.objects.managed_by(request.user).filter(pk=event_id).first()
