"""What an organizer has to do or to know next, for the dashboard: looked up, never stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet, Value, Window
from django.urls import reverse

from boxoffice.backoffice.mail_failures import failed_emails
from evently.admin.tabs import event_page_url
from evently.formatting import counted, moment
from events.models import Event, EventStatus
from notifications.event_email_models import EventEmail
from notifications.message_models import OrganizerMessage
from notifications.models import EmailTemplate
from notifications.template_models import TemplateType
from notifications.writing.text import title_of
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


class _Kind(IntEnum):
    """What there is to do, the most urgent first."""

    NUMBERS = 1
    EMAILS = 2
    MESSAGES = 3
    TEMPLATE = 4
    TEXTS = 5
    DRAFT = 6
    SALES = 7


class _Row(NamedTuple):
    """What is looked up. at: a deadline or start; number: of emails, or of all drafts.

    title: of the numbers of a draw, or of a message.
    """

    kind: int
    event_id: UUID
    event: str
    timezone: str
    at: datetime
    number: int
    title: str


def todos(*, user: Any, at: datetime) -> list[Todo]:
    """Return what is to be done about the events that a user manages, the most urgent first.

    One query, as the dashboard has many others.
    """
    managed = Event.objects.managed_by(user)
    found = _numbers_due(managed).union(
        _failing(managed),
        _held(managed),
        _unfilled(managed),
        *([_unrendered()] if user.is_superuser else []),
        _drafts(managed, at=at),
        _sales_opening(managed, at=at),
        all=True,
    )
    rows = sorted(map(_Row._make, found), key=lambda row: (row.kind, -row.number, row.at))
    drafts = [row for row in rows if row.kind == _Kind.DRAFT]
    soon = [row for row in drafts if at < row.at <= at + DRAFT_AHEAD]
    others = drafts[0].number - len(soon) if drafts else 0
    return [
        *(_todo(row) for row in rows if row.kind < _Kind.DRAFT),
        *(_todo(row) for row in soon),
        *(_other_drafts(others, noun="other draft" if soon else "draft") if others else []),
        *(_todo(row) for row in rows if row.kind > _Kind.DRAFT),
    ]


# ── What is looked up: rows as of _Row, at most LISTED of each kind ─────────
def _numbers_due(events: QuerySet[Event]) -> QuerySet[Any, Any]:
    """Find the draws whose random value is the organizer's to enter, and is known by now."""
    pending = events.filter(draw_closes_at__isnull=False)
    return (
        Draw.objects.due_by_hand()
        .filter(event__in=pending)
        .order_by("reveal_by")
        .values_list(*_columns(_Kind.NUMBERS, "reveal_by", event="event__", title="beacon_name"))
    )[:LISTED]


def _failing(events: QuerySet[Event]) -> QuerySet[Any, Any]:
    """Find the events with the most failed emails."""
    return (
        failed_emails(events)
        .values("event_id")
        .annotate(number=Count("pk"))
        .order_by("-number", "event_id")
        .values_list(*_columns(_Kind.EMAILS, "event__event_date", event="event__", number="number"))
    )[:LISTED]


def _held(events: QuerySet[Event]) -> QuerySet[Any, Any]:
    """Find messages to attendees that were not sent, as their event was cancelled or changed."""
    return (
        OrganizerMessage.objects.filter(event__in=events)
        .exclude(hold="")
        .order_by("-updated_at", "id")
        .values_list(*_columns(_Kind.MESSAGES, "updated_at", event="event__", title="subject"))
    )[:LISTED]


def _unfilled(events: QuerySet[Event]) -> QuerySet[Any, Any]:
    """Find texts for emails of events that could not be filled, so that emails lack them."""
    return (
        EventEmail.objects.filter(event__in=events, failed_at__isnull=False)
        .order_by("-failed_at", "id")
        .values_list(*_columns(_Kind.TEXTS, "failed_at", event="event__"))
    )[:LISTED]


def _unrendered() -> QuerySet[Any, Any]:
    """Find email templates in use that could not be rendered; title: the type of each."""
    return (
        EmailTemplate.objects.filter(is_active=True, failed_at__isnull=False)
        .order_by("template_type")
        .values_list(
            Value(_Kind.TEMPLATE.value),
            "id",
            Value(""),
            Value("UTC"),
            "failed_at",
            Value(0),
            "template_type",
        )
    )[:LISTED]


def _drafts(events: QuerySet[Event], *, at: datetime) -> QuerySet[Any, Any]:
    """Find drafts, those that start soon first, each with how many there are."""
    is_soon = Q(event_date__gt=at, event_date__lte=at + DRAFT_AHEAD)
    return (
        events.filter(published_at__isnull=True, status=EventStatus.ACTIVE)
        .order_by(ExpressionWrapper(is_soon, BooleanField()).desc(), "event_date")
        .values_list(*_columns(_Kind.DRAFT, "event_date", number=Window(Count("pk"))))
    )[:LISTED]


def _sales_opening(events: QuerySet[Event], *, at: datetime) -> QuerySet[Any, Any]:
    return (
        events.filter(
            status=EventStatus.ACTIVE,
            published_at__isnull=False,
            sales_start_at__gt=at,
            sales_start_at__lte=at + SALES_AHEAD,
        )
        .order_by("sales_start_at")
        .values_list(*_columns(_Kind.SALES, "sales_start_at"))
    )[:LISTED]


def _columns(
    kind: _Kind, at: str, *, event: str = "", number: Any = None, title: Any = None
) -> list[Any]:
    """Return the columns of _Row. event: the path to the event from the model."""
    return [
        Value(kind.value),
        f"{event}id",
        f"{event}name",
        f"{event}timezone",
        at,
        number or Value(0),
        title or Value(""),
    ]


# ── What is said ────────────────────────────────────────────────────────────
def _todo(row: _Row) -> Todo:
    when = moment(row.at, ZoneInfo(row.timezone))
    match row.kind:
        case _Kind.NUMBERS:
            page, text = "draw", f"Enter the numbers of the draw by {when}: {row.title}"
        case _Kind.EMAILS:
            page, text = "messages", f"{counted(row.number, 'email')} could not be sent"
        case _Kind.MESSAGES:
            title = title_of(row.title, row.event)
            page, text = "written", f"The message “{title}” was not sent: check it"
        case _Kind.TEMPLATE:
            return _template_todo(TemplateType(row.title))
        case _Kind.TEXTS:
            page, text = "email_texts", "Emails are sent without your texts: check them"
        case _Kind.DRAFT:
            page, text = "overview", f"Starts on {when}, but is still a draft"
        case _:
            page, text = "overview", f"Sales start on {when}"
    is_urgent = row.kind in {_Kind.NUMBERS, _Kind.EMAILS, _Kind.MESSAGES, _Kind.TEXTS}
    return Todo(row.event, text, event_page_url(page, row.event_id), urgent=is_urgent)


def _template_todo(type_: TemplateType) -> Todo:
    url = reverse("admin:notifications_emailtemplate_editor", args=[type_.value])
    return Todo("", f"The email template “{type_.label}” could not be used", url, urgent=True)


def _other_drafts(number: int, *, noun: str) -> list[Todo]:
    url = f"{reverse('admin:events_event_changelist')}?show=drafts"
    return [Todo(event="", text=f"{counted(number, noun)} not published yet", url=url)]
