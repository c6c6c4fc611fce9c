"""The parts of a user's data export that come from notifications."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from evently.accounts.export import section
from notifications.copies.content import copy_in
from notifications.models import (
    EmailDelivery,
    EmailResend,
    Notification,
    OrganizerMessage,
    ResendRun,
)
from notifications.mute_models import EventMute
from notifications.return_models import EmailReturn, Suppression
from notifications.sent_models import EmailAttempt, SentEmail

NOTIFICATION_COLUMNS = (
    "id",
    "event_id",
    "type",
    "message",
    "channels",
    "status",
    "sent_at",
    "read",
    "created_at",
)
EMAIL_COLUMNS = ("id", "recipient_email", "template_type", "status", "created_at")
RETURN_COLUMNS = ("delivery_id", "outcome", "reason", "code", "source", "occurred_at")
SUPPRESSION_COLUMNS = ("address", "reason", "created_at", "released_at", "release", "released_by")
ATTEMPT_COLUMNS = ("delivery_id", "number", "provider", "outcome", "code", "answer", "created_at")
COPY_COLUMNS = ("delivery_id", "subject", "text", "created_at")
MUTE_COLUMNS = ("event_id", "category", "channel", "created_at")
MESSAGE_COLUMNS = ("id", "event_id", "subject", "body", "state", "created_at", "written_by")
RUN_COLUMNS = ("id", "event_id", "sent", "created_at", "finished_at")
RESEND_COLUMNS = ("id", "event_id", "created_at", "sent_by")


@section("notifications", of=Notification, columns=NOTIFICATION_COLUMNS)
def notifications(user_id: UUID) -> list[dict[str, Any]]:
    rows = Notification.objects.filter(user_id=user_id).order_by("created_at", "id")
    return [dict(row) for row in rows.values(*NOTIFICATION_COLUMNS)]


@section("mails", of=EmailDelivery, columns=EMAIL_COLUMNS)
def mails(user_id: UUID) -> list[dict[str, Any]]:
    """Return the emails that were sent to a user, and the email addresses they went to."""
    log = EmailDelivery.objects.filter(user_id=user_id).select_related("user__person_key")
    return [
        {
            "id": email.pk,
            "recipient_email": email.recipient,
            "template_type": email.template_type,
            "status": email.status,
            "created_at": email.created_at,
        }
        for email in log.order_by("created_at", "id")
    ]


@section("email_attempts", of=EmailAttempt, columns=ATTEMPT_COLUMNS)
def email_attempts(user_id: UUID) -> list[Any]:
    """Return how often sending each email to a user was tried, and what came of it."""
    rows = EmailAttempt.objects.filter(user_id=user_id).order_by("created_at", "id")
    return list(rows.values(*ATTEMPT_COLUMNS))


@section("sent_emails", of=SentEmail, columns=COPY_COLUMNS)
def sent_emails(user_id: UUID) -> list[dict[str, Any]]:
    """Return what the emails to a user said, as far as that is kept; links are left out."""
    rows = SentEmail.objects.filter(user_id=user_id).select_related("user__person_key")
    found = []
    for row in rows.order_by("created_at", "id"):
        copy = copy_in(row)
        found.append(
            {
                "delivery_id": row.delivery_id,
                "subject": copy.subject if copy is not None else None,
                "text": copy.text if copy is not None else None,
                "created_at": row.created_at,
            }
        )
    return found


@section("emails_sent_again", of=EmailResend, columns=RESEND_COLUMNS)
def emails_sent_again(user_id: UUID) -> list[Any]:
    """Return which emails to a user were sent again, and which a user has sent to others again."""
    resends = EmailResend.objects.filter(Q(user_id=user_id) | Q(by_id=user_id))
    rows = resends.order_by("created_at", "id").values("id", "event_id", "created_at", "by_id")
    return [
        {"id": row["id"], "event_id": row["event_id"], "created_at": row["created_at"]}
        | {"sent_by": "you" if row["by_id"] == user_id else "organizer"}
        for row in rows
    ]


@section("event_mutes", of=EventMute, columns=MUTE_COLUMNS)
def event_mutes(user_id: UUID) -> list[Any]:
    """Return which messages about single events a user has turned off."""
    rows = EventMute.objects.filter(user_id=user_id).order_by("created_at", "id")
    return list(rows.values(*MUTE_COLUMNS))


@section("runs_of_sending_again", of=ResendRun, columns=RUN_COLUMNS)
def runs_of_sending_again(user_id: UUID) -> list[Any]:
    """Return when a user has had many emails sent again at a time, and how many."""
    runs = ResendRun.objects.filter(user_id=user_id).order_by("created_at", "id")
    return list(runs.values(*RUN_COLUMNS))


@section("email_returns", of=EmailReturn, columns=RETURN_COLUMNS)
def email_returns(user_id: UUID) -> list[Any]:
    """Return what mail servers reported of emails to a user."""
    rows = EmailReturn.objects.filter(user_id=user_id).order_by("created_at", "id")
    return list(rows.values(*RETURN_COLUMNS))


@section("suppressions", of=Suppression, columns=SUPPRESSION_COLUMNS)
def suppressions(user_id: UUID) -> list[Any]:
    """Return the addresses of a user that get no emails, or got none, and those they released."""
    found = Suppression.objects.filter(Q(user_id=user_id) | Q(released_by_id=user_id))
    return [
        {
            "address": row.address_in_full if row.user_id == user_id else None,
            "reason": row.reason,
            "created_at": row.created_at,
            "released_at": row.released_at,
            "release": row.release,
            "released_by": "you" if row.released_by_id == user_id else None,
        }
        for row in found.select_related("user__person_key").order_by("created_at", "id")
    ]


@section("organizer_messages", of=OrganizerMessage, columns=MESSAGE_COLUMNS)
def organizer_messages(user_id: UUID) -> list[Any]:
    """Return the messages to attendees that a user has written, and those that they have got."""
    got = Notification.objects.filter(user_id=user_id, type="organizer_message")
    ids = [str(data.get("message")) for data in got.values_list("data", flat=True)]
    found = OrganizerMessage.objects.filter(Q(by_id=user_id) | Q(pk__in=ids))
    rows = found.order_by("created_at", "id").values(*MESSAGE_COLUMNS[:-1], "by_id")
    return [
        {name: row[name] for name in MESSAGE_COLUMNS[:-1]}
        | {"written_by": "you" if row["by_id"] == user_id else "organizer"}
        for row in rows
    ]
