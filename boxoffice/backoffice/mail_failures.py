"""Emails about events that could not be sent."""

from uuid import UUID

from django.db.models import Count, QuerySet, UUIDField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from events.models import Event
from notifications.models import DeliveryStatus, EmailDelivery

FAILED = (DeliveryStatus.FAILED, DeliveryStatus.BOUNCED)


def failed_emails_by_event(events: QuerySet[Event]) -> dict[UUID, int]:
    """Return the number of failed emails of each of these events that has any; one query.

    Reads the failed rows only, by their partial index.
    """
    rows = (
        EmailDelivery.objects.filter(status__in=FAILED)
        .annotate(about=Cast(KT("metadata__eventId"), UUIDField()))
        .filter(about__in=events.order_by().values("pk"))
        .order_by()
        .values_list("about")
        .annotate(number=Count("pk"))
    )
    return dict(rows)
