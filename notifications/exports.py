"""What notifications keep about a person, for their export."""

from typing import Any
from uuid import UUID

from evently.accounts.export import section
from notifications.models import EmailDelivery, Notification


@section("notifications")
def notifications(user_id: UUID) -> list[dict[str, Any]]:
    """Return what a person was told."""
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
    """Return the mails that were sent to a person, and where."""
    log = EmailDelivery.objects.filter(user_id=user_id).select_related("user__person_key")
    return [
        {
            "id": mail.pk,
            "recipient_email": mail.recipient,
            "template_type": mail.template_type,
            "status": mail.status,
            "created_at": mail.created_at,
        }
        for mail in log.order_by("created_at", "id")
    ]
