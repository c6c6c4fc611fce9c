"""What an organizer has to do or to know next, for the dashboard: looked up, never stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from boxoffice.backoffice.mail_failures import failed_emails_by_event
from evently.admin.tabs import event_page_url
from evently.formatting import counted, moment
from events.admin.events import overview_url
from events.models import Event, EventStatus
from waitlists.models import Draw

# How far ahead a draft's start, and the start of sales, are listed.
DRAFT_AHEAD = timedelta(days=30)
SALES_AHEAD = timedelta(days=7)
LISTED = 5


@dataclass(frozen=True)
class Todo:
    """One line of the list. urgent: something has gone wrong. event: its name, or "" for many."""

    event: str
    text: str
    url: str
    urgent: bool = False


def todos(*, user: Any, at: datetime) -> list[Todo]:
    """Return what is to be done about the events that a user manages, the most urgent first."""
    managed = Event.objects.managed_by(user)
    return [
        *_numbers_due(managed),
        *_failed_emails(managed),
        *_drafts(managed.filter(published_at__isnull=True, status=EventStatus.ACTIVE), at=at),
        *_sales_opening(managed, at=at),
    ]


def _numbers_due(events: QuerySet[Event]) -> list[Todo]:
    """Return the draws whose random value is the organizer's to enter, and is known by now."""
    pending = events.filter(draw_closes_at__isnull=False)
    draws = Draw.objects.due_by_hand().filter(event__in=pending).select_related("event")
    return [
        Todo(
            event=draw.event.name,
            text="Enter the numbers of the draw by "
            f"{moment(draw.reveal_by, draw.event.zone)}: {draw.beacon_name}",
            url=event_page_url("draw", draw.event_id),
            urgent=True,
        )
        for draw in draws.order_by("reveal_by")[:LISTED]
    ]


def _failed_emails(events: QuerySet[Event]) -> list[Todo]:
    failures = failed_emails_by_event(events)
    names = {event.pk: event for event in events.filter(pk__in=failures)}
    return [
        Todo(
            event=event.name,
            text=f"{counted(failures[event.pk], 'email')} could not be sent",
            url=event_page_url("messages", event.pk),
            urgent=True,
        )
        for event in sorted(names.values(), key=lambda event: -failures[event.pk])[:LISTED]
    ]


def _drafts(drafts: QuerySet[Event], *, at: datetime) -> list[Todo]:
    """Return the drafts that start soon, one by one, and how many others there are."""
    soon = list(
        drafts.filter(event_date__gt=at, event_date__lte=at + DRAFT_AHEAD).order_by("event_date")[
            :LISTED
        ]
    )
    listed = [
        Todo(
            event=event.name,
            text=f"Starts on {moment(event.event_date, event.zone)}, but is still a draft",
            url=overview_url(event),
        )
        for event in soon
    ]
    others = drafts.count() - len(soon)
    if others > 0:
        noun = "other draft" if soon else "draft"
        url = f"{reverse('admin:events_event_changelist')}?show=drafts"
        listed.append(Todo(event="", text=f"{counted(others, noun)} not published yet", url=url))
    return listed


def _sales_opening(events: QuerySet[Event], *, at: datetime) -> list[Todo]:
    opening = events.filter(
        status=EventStatus.ACTIVE,
        published_at__isnull=False,
        sales_start_at__gt=at,
        sales_start_at__lte=at + SALES_AHEAD,
    ).order_by("sales_start_at")
    return [
        Todo(
            event=event.name,
            text=f"Sales start on {moment(event.sales_start_at, event.zone)}",
            url=overview_url(event),
        )
        for event in opening[:LISTED]
    ]
