"""Emails about events that could not be sent."""

from django.db.models import QuerySet

from events.models import Event
from notifications.kinds import kinds_for_organizers
from notifications.models import EmailDelivery
from notifications.operations.resending import FAILED


def failed_emails(events: QuerySet[Event]) -> QuerySet[EmailDelivery]:
    """Return the failed emails of these events, which their partial index finds."""
    return EmailDelivery.objects.filter(
        status__in=FAILED,
        kind__in=kinds_for_organizers(),
        event_id__in=events.order_by().values("pk"),
    ).order_by()
