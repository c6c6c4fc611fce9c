"""Background work on the line: windows that ran out, and repairs."""

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
