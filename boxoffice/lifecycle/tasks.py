"""Tasks that end events."""

from uuid import UUID

from celery import shared_task

from boxoffice.lifecycle import operations, queries
from evently.sweeps import for_each_event


@shared_task
def continue_cancellation(event_id: str) -> None:
    """Cancel the bookings and waitlist entries that a cancelled event still has."""
    operations.continue_cancellation(event_id=UUID(event_id))


@shared_task
def continue_event_cancellations() -> None:
    """Continue cancellations that a crash or a lost task left unfinished."""
    for_each_event(
        "continue_event_cancellations",
        queries.cancelled_events_to_continue(),
        operations.continue_cancellation,
    )


@shared_task
def complete_past_events() -> None:
    """Mark events that are over as completed."""
    for_each_event("complete_past_events", queries.events_to_complete(), operations.complete_event)
