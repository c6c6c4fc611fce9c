"""What an organizer should know before they look through the emails of an event."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import redis
from django.db.models import Count, F, Min

from evently.admin.tabs import event_page_url
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.formatting import counted, moment
from events.models import Event
from notifications.emails.drafts import kinds_of
from notifications.emails.template_problems import problem_in_words
from notifications.event_email_models import EventEmail
from notifications.models import EmailTemplate, Suppression
from notifications.providers import health
from notifications.providers.registry import providers
from notifications.queries import unsent_emails_about
from notifications.return_models import EmailReturn, ReturnOutcome, SuppressionReason
from notifications.template_models import TemplateType

# Shorter waits are usual.
LATE = timedelta(minutes=2)


@dataclass(frozen=True)
class Notice:
    """A sentence above the list, and where it leads."""

    text: str
    url: str = ""
    link: str = ""


Source = Callable[[Event], list[Notice]]
_sources: list[Source] = []


def add_notices(source: Source) -> Source:
    """Let a function tell something above the emails of every event; also as a decorator."""
    _sources.append(source)
    return source


def notices_of(event: Event) -> list[Notice]:
    """Return what there is to tell of the emails of an event, the most urgent first."""
    return [notice for source in _sources for notice in source(event)]


@add_notices
def waiting_for_providers(event: Event) -> list[Notice]:
    """Tell that emails wait since a provider is down, and for how long."""
    names = [provider.name for provider in providers()]
    try:
        down = health.down_among(names)
    except redis.RedisError:
        return []
    if not down:
        return []
    number, oldest = _waiting(event)
    if oldest is None:
        return []
    minutes = max(int((now() - oldest).total_seconds() // 60), 1)
    waits = "waits" if number == 1 else "wait, the oldest"
    text = f"{counted(number, 'email')} of this event {waits} for {_time(minutes)}."
    url = f"{event_page_url('messages', event.pk)}?{urlencode({'show': 'waiting'})}"
    if len(down) == len(names):
        text = f"No email provider works: {text} Nothing is lost: what waits is sent once one does."
    else:
        # What waits may have been deferred by one that works.
        text = f"One of the email providers is down, others work. {text} The list says why."
    return [Notice(text, url, "Show the emails")]


@add_notices
def people_out_of_reach(event: Event) -> list[Notice]:
    """Tell how many people of the event get no emails, as earlier ones came back."""
    url = event_page_url("messages", event.pk)
    counts = _suppressed(event)
    notices = []
    if unknown := counts.get(SuppressionReason.HARD_BOUNCE):
        people = counted(unknown, "person", "people")
        cannot = (
            "cannot be reached by email: the address does"
            if unknown == 1
            else ("cannot be reached by email: their addresses do")
        )
        query = urlencode({"show": "all", "report": ReturnOutcome.BOUNCED})
        notices.append(Notice(f"{people} {cannot} not exist.", f"{url}?{query}", "Show the emails"))
    if complained := counts.get(SuppressionReason.COMPLAINT):
        people = counted(complained, "person", "people")
        gets = "gets" if complained == 1 else "get"
        query = urlencode({"show": "all", "report": ReturnOutcome.COMPLAINED})
        text = f"{people} reported an email as spam, and {gets} only what they ask for."
        notices.append(Notice(text, f"{url}?{query}", "Show the emails"))
    return notices


@add_notices
def texts_left_out(event: Event) -> list[Notice]:
    """Tell which of the event's own texts could not be filled, so that emails went out without."""
    rows = EventEmail.objects.filter(event_id=event.pk, failed_at__isnull=False)
    url = event_page_url("email_texts", event.pk)
    return [
        Notice(
            f"Your texts for {_emails_of(row)} are left out since "
            f"{moment(row.failed_at, event.zone)}: {problem_in_words(row.failure)}.",
            f"{url}?{urlencode({'type': row.template_type or ''})}",
            "Correct them",
        )
        for row in rows.order_by("failed_at", "id")
    ]


@add_notices
def templates_replaced(event: Event) -> list[Notice]:
    """Tell which emails go out with the default template, as the site's could not be rendered."""
    rows = EmailTemplate.objects.filter(is_active=True, failed_at__isnull=False)
    return [
        Notice(
            f"The site’s template of the email “{TemplateType(row.template_type).label}” cannot be "
            f"used since {moment(row.failed_at, event.zone)}: the default one is sent instead, "
            "with your texts. An administrator of the site can correct it."
        )
        for row in rows.order_by("failed_at", "id")
        if kinds_of(TemplateType(row.template_type))
    ]


def _emails_of(row: EventEmail) -> str:
    if row.template_type is None:
        return "all emails"
    return f"the email “{TemplateType(row.template_type).label}”"


@as_worker()
def _waiting(event: Event) -> tuple[int, datetime | None]:
    """Return how many emails of an event have waited for a while, and since when the oldest has."""
    late = unsent_emails_about(event.pk).filter(created_at__lt=now() - LATE)
    found = late.aggregate(number=Count("pk"), oldest=Min("created_at"))
    return found["number"], found["oldest"]


@as_worker()
def _suppressed(event: Event) -> dict[str, int]:
    """Return how many people of an event have an address that gets no emails, by the reason."""
    reports = EmailReturn.objects.filter(
        event_id=event.pk,
        outcome__in=[ReturnOutcome.BOUNCED, ReturnOutcome.COMPLAINED],
        is_permanent=True,
    )
    # Whose address is still that one, and was not released.
    rows = Suppression.objects.filter(
        user_id__in=reports.values("user_id"),
        released_at__isnull=True,
        address_digest=F("user__email_digest"),
    )
    return dict(rows.order_by().values_list("reason").annotate(Count("user_id", distinct=True)))


def _time(minutes: int) -> str:
    if minutes < 120:
        return counted(minutes, "minute")
    return counted(minutes // 60, "hour")
