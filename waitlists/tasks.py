"""Background work on the line: windows that ran out, repairs, and events that end."""

from uuid import UUID

from celery import shared_task

from evently.sweeps import for_each_event
from waitlists import operations, queries


@shared_task
def expire_promotions() -> None:
    """End offers whose time is over; their seats go to the next in line."""
    for_each_event(
        "expire_promotions",
        queries.events_with_overdue_promotions(),
        operations.expire_promotions,
    )


@shared_task
def repair_lines() -> None:
    """Serve lines where somebody fits and was not asked; there should be none."""
    for_each_event("repair_lines", queries.events_to_repair(), operations.repair_line)


@shared_task
def continue_cancellation(event_id: str) -> None:
    """Cancel what a called-off event still has."""
    operations.continue_cancellation(event_id=UUID(event_id))


@shared_task
def continue_event_cancellations() -> None:
    """Carry on with cancellations that a crash or a lost task left half done."""
    for_each_event(
        "continue_event_cancellations",
        queries.cancelled_events_to_continue(),
        operations.continue_cancellation,
    )


@shared_task
def complete_past_events() -> None:
    """Mark events that are over as completed."""
    for_each_event("complete_past_events", queries.events_to_complete(), operations.complete_event)
