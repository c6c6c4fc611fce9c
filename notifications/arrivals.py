"""Whether the questions to attendees have arrived, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bookings.attendance_models import AttendanceCheck
from notifications.kinds.attendance import ASKED, ASKED_AGAIN
from notifications.models import DeliveryStatus, EmailDelivery, Notification, NotificationStatus

# A message is written in the transaction of its question, whose time is read a moment earlier.
LEEWAY = timedelta(minutes=5)


@dataclass(frozen=True)
class Arrival:
    """at: None as long as it waits to be sent, or if it failed."""

    at: datetime | None
    failed: bool


def arrivals_of_questions(checks: Sequence[AttendanceCheck], *, again: bool) -> dict[UUID, Arrival]:
    """Return by check how the first or the second question fared; bookings are loaded.

    For users who read in the app only, it arrives there. A check without a message is left out.
    """
    times = [check.asked_again_at if again else check.asked_at for check in checks]
    since = min((at for at in times if at is not None), default=None)
    if since is None:
        return {}
    messages = Notification.objects.filter(
        user_id__in={check.booking.user_id for check in checks},
        event_id=checks[0].event_id,
        type=(ASKED_AGAIN if again else ASKED).name,
        created_at__gte=since - LEEWAY,
    ).order_by("created_at", "id")
    wanted = {str(check.pk): check.pk for check in checks}
    found = list(messages)
    bounced = _bounced([message.pk for message in found])
    arrivals = {}
    for message in found:
        failed = message.status == NotificationStatus.FAILED or message.pk in bounced
        arrival = Arrival(
            at=None if failed else message.sent_at or message.delivered_at, failed=failed
        )
        for id_ in message.data.get("checks", ()):
            if id_ in wanted:
                arrivals[wanted[id_]] = arrival
    return arrivals


def _bounced(notification_ids: Sequence[UUID]) -> set[UUID | None]:
    bounced = EmailDelivery.objects.filter(
        notification_id__in=notification_ids, status=DeliveryStatus.BOUNCED
    )
    return set(bounced.values_list("notification_id", flat=True))
