"""How many messages to its attendees an event may have a day: a setting that the database holds."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connections
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest

from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.migrated import missing_migrations
from evently.local_time import local_day
from notifications.message_models import MessageState, OrganizerMessage

SET = "UPDATE secrets.organizer_messages SET per_day = %s WHERE per_day <> %s"


def set_limit(using: str, **kwargs: Any) -> None:
    """Tell the database the limit, after each `migrate`; its trigger refuses more."""
    if missing_migrations(using=using):
        return
    with connections[using].cursor() as cursor:
        cursor.execute(SET, [settings.MESSAGES_PER_DAY] * 2)


def left_today(*, event_id: UUID, zone: ZoneInfo) -> int:
    """Return how many messages may still be sent today, by the event's calendar."""
    begun = OrganizerMessage.objects.filter(event_id=event_id).exclude(state=MessageState.DRAFT)
    times = begun.annotate(at=Coalesce("started_at", Greatest(F("send_at"), Clock())))
    today = local_day(now(), zone)
    used = sum(
        1
        for at in times.order_by().values_list("at", flat=True)
        if at is not None and local_day(at, zone) == today
    )
    return max(settings.MESSAGES_PER_DAY - used, 0)
