"""Background work on the line: windows that ran out, repairs, and events that end."""

from uuid import UUID

from celery import shared_task

from waitlists import operations, queries


@shared_task
def expire_promotions() -> None:
    """End offers whose time is over; their seats go to the next in line."""
    for event_id in queries.events_with_overdue_promotions():
        operations.expire_promotions(event_id=event_id)


@shared_task
def repair_lines() -> None:
    """Serve lines where somebody fits and was not asked; there should be none."""
    for event_id in queries.events_to_repair():
        operations.repair_line(event_id=event_id)


@shared_task
def continue_cancellation(event_id: str) -> None:
    """Cancel what a called-off event still has."""
    operations.continue_cancellation(event_id=UUID(event_id))


@shared_task
def continue_event_cancellations() -> None:
    """Carry on with cancellations that a crash or a lost task left half done."""
    for event_id in queries.cancelled_events_to_continue():
        operations.continue_cancellation(event_id=event_id)


@shared_task
def complete_past_events() -> None:
    """Mark events that are over as completed."""
    for event_id in queries.events_to_complete():
        operations.complete_event(event_id=event_id)
