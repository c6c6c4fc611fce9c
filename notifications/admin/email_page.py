"""What the page of one email shows: what it said, and all that happened to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import get_current_timezone

from evently.accounts.models import User
from evently.database.identity import as_worker
from evently.email_providers import name_in_words
from evently.formatting import counted, moment
from notifications.admin.states import (
    ATTEMPTS,
    RETURNS,
    STATUSES,
    attempt_in_words,
    return_in_words,
)
from notifications.copies.content import Copy
from notifications.copies.reading import copies_of, opened, why_not_kept
from notifications.emails.preview import Preview, preview
from notifications.failures import failure_in_words
from notifications.models import DeliveryStatus, EmailDelivery, EmailResend, Notification
from notifications.operations.resending import WAITING
from notifications.return_models import EmailReturn, ReturnOutcome
from notifications.sent_models import AttemptOutcome, EmailAttempt, SentEmail

# Of each kind; an email has ten attempts, and can be sent again three times an hour.
MOST_STEPS = 50
COPY, RENDERED = "copy", "rendered"
NOT_SENT_YET = "As it would be sent now, without its links and codes."
RENDERED_NOW = (
    "Rendered from what is true now, without its links and codes. The email that was sent may have "
    "said something else."
)


@dataclass(frozen=True)
class Step:
    """Something that happened to an email. kind: of its label. said: a server's own words."""

    at: datetime
    when: str
    what: str
    kind: str = "default"
    note: str = ""
    said: str = ""
    copy_query: str = ""
    is_shown: bool = False


def page_context(request: HttpRequest, email: EmailDelivery) -> dict[str, Any]:
    """Return the context of admin/notifications/email.html; the user's key is loaded."""
    copies = list(copies_of(email))
    chosen = next((row for row in copies if str(row.pk) == request.GET.get(COPY)), None)
    chosen = chosen or (copies[-1] if copies else None)
    return {
        **_content(request, email, chosen),
        "steps": steps_of(email, copies=copies, shown=chosen),
        "next_attempt": moment(email.next_attempt_at, zone_of(email))
        if email.status in WAITING
        else "",
    }


def zone_of(email: EmailDelivery) -> Any:
    return email.event.zone if email.event is not None else get_current_timezone()


# ── What it said ────────────────────────────────────────────────────────────
def copy_of(email: EmailDelivery, copy_id: UUID) -> Copy | None:
    row = copies_of(email).filter(pk=copy_id).first()
    return opened(email, row) if row is not None else None


@as_worker()
def preview_of(email: EmailDelivery) -> Preview | None:
    """Return the email as it would be sent now; None where there is nothing left to send."""
    wanted = email.notification_id or email.pk, email.user_id
    notification = Notification.objects.filter(pk=wanted[0], user_id=email.user_id).first()
    user = User.objects.with_keys().filter(pk=email.user_id, deleted_at__isnull=True).first()
    if notification is None or user is None:
        return None
    # The worker reads anyone's: no filter alone decides whose message is shown.
    if (notification.pk, user.pk) != wanted or notification.user_id != user.pk:
        return None
    return preview(notification, user)


def _content(request: HttpRequest, email: EmailDelivery, row: SentEmail | None) -> dict[str, Any]:
    copy = opened(email, row) if row is not None else None
    if row is not None and copy is not None:
        url = reverse("admin:notifications_emaildelivery_copy", args=[email.pk, row.pk])
        sent = moment(row.created_at, zone_of(email))
        note = f"As it was sent on {sent}, without its links and codes."
        return {"preview": copy, "copy": copy, "preview_url": url, "content_note": note}
    was_sent = email.status in (DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
    if was_sent and RENDERED not in request.GET:
        return {"not_kept": why_not_kept(email), "rendered_query": f"?{RENDERED}=now"}
    shown = preview_of(email)
    url = reverse("admin:notifications_emaildelivery_preview", args=[email.pk])
    note = RENDERED_NOW if was_sent else NOT_SENT_YET
    return {"preview": shown, "preview_url": url, "content_note": note}


# ── What happened ───────────────────────────────────────────────────────────
def steps_of(
    email: EmailDelivery, *, copies: Iterable[SentEmail] = (), shown: SentEmail | None = None
) -> list[Step]:
    """Return what happened to an email, in its order. shown: the copy that the page shows."""
    copied = {row.pk for row in copies}
    steps = [_step(email, _queued_at(email), "Queued")]
    steps += _attempts_of(email, copied, shown.pk if shown is not None else None)
    steps += _returns_of(email) + _resends_of(email)
    return sorted(steps, key=lambda step: step.at)


def _step(email: EmailDelivery, at: datetime, what: str, **more: Any) -> Step:
    return Step(at, moment(at, zone_of(email)), what, **more)


@as_worker()
def _queued_at(email: EmailDelivery) -> datetime:
    """Return when its notification was created, which may be before the first attempt."""
    wanted = email.notification_id or email.pk
    found = Notification.objects.filter(pk=wanted, user_id=email.user_id)
    return found.values_list("created_at", flat=True).first() or email.created_at


def _attempts_of(email: EmailDelivery, copied: set[UUID], shown: UUID | None) -> list[Step]:
    rows = EmailAttempt.objects.filter(user_id=email.user_id, delivery_id=email.pk)
    found = list(rows.order_by("-created_at", "-id")[:MOST_STEPS])
    if not found:
        return _last_attempt_of(email)
    return [
        _step(
            email,
            row.created_at,
            attempt_in_words(row.outcome, row.provider),
            kind=ATTEMPTS[AttemptOutcome(row.outcome)],
            note=_note_of(row),
            said=" ".join(part for part in (row.code, row.answer) if part),
            copy_query=f"?{COPY}={row.pk}" if row.pk in copied else "",
            is_shown=row.pk == shown,
        )
        for row in found
    ]


def _note_of(row: EmailAttempt) -> str:
    words = failure_in_words(row.error)
    if row.outcome == AttemptOutcome.UNKNOWN and not words:
        words = "The process that sent it ended before there was an answer."
    number = f"Attempt {row.number}." if row.provider else ""
    return " ".join(part for part in (number, words) if part)


def _last_attempt_of(email: EmailDelivery) -> list[Step]:
    """Return the only attempt that is known of an email from before attempts were recorded."""
    if not email.send_attempts or email.last_attempt_at is None:
        return []
    label, kind = STATUSES[DeliveryStatus(email.status)]
    note = f"{counted(email.send_attempts, 'attempt')}; only the last one was recorded."
    words = failure_in_words(email.error_message)
    what = f"{label} ({name_in_words(email.provider)})"
    return [
        _step(
            email,
            email.last_attempt_at,
            what,
            kind=kind,
            note=" ".join(filter(None, (words, note))),
        )
    ]


def _returns_of(email: EmailDelivery) -> list[Step]:
    """Return what mail servers reported of an email."""
    rows = EmailReturn.objects.filter(delivery_id=email.pk, user_id=email.user_id)
    return [
        _step(
            email,
            row.occurred_at,
            ReturnOutcome(row.outcome).label,
            kind=RETURNS[ReturnOutcome(row.outcome)],
            note=return_in_words(row),
        )
        for row in rows.order_by("-created_at", "-id")[:MOST_STEPS]
    ]


@as_worker()
def _resends_of(email: EmailDelivery) -> list[Step]:
    """Return who sent an email again, and when."""
    rows = EmailResend.objects.filter(delivery_id=email.pk, user_id=email.user_id)
    rows = rows.select_related("by__person_key").order_by("-created_at", "-id")
    return [
        _step(
            email,
            row.created_at,
            f"Sent again by {row.by.display_name if row.by else 'Evently'}",
            note="As a new email." if row.notification_id else "",
        )
        for row in rows[:MOST_STEPS]
    ]
