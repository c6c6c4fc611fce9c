"""Emails about events that could not be sent."""

from uuid import UUID

from django.db.models import Count, QuerySet

from events.models import Event
from notifications.kinds import kinds_for_organizers
from notifications.models import EmailDelivery
from notifications.operations.resending import FAILED


def failed_emails_by_event(events: QuerySet[Event]) -> dict[UUID, int]:
    """Return the number of failed emails of each of these events that has any; one query.

    Reads the failed rows only, by their partial index.
    """
    rows = (
        EmailDelivery.objects.filter(
            status__in=FAILED,
            kind__in=kinds_for_organizers(),
            event_id__in=events.order_by().values("pk"),
        )
        .order_by()
        .values_list("event_id")
        .annotate(number=Count("pk"))
    )
    return dict(rows)
