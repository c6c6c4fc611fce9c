"""The parts of a user's data export that come from notifications."""

from typing import Any
from uuid import UUID

from evently.accounts.export import section
from notifications.models import EmailDelivery, Notification


@section("notifications")
def notifications(user_id: UUID) -> list[dict[str, Any]]:
    rows = Notification.objects.filter(user_id=user_id).order_by("created_at", "id")
    columns = rows.values(
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
    return [dict(row) for row in columns]


@section("mails")
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
