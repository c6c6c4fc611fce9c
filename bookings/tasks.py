"""Background tasks of bookings."""

from celery import shared_task

from bookings import operations, queries
from evently.sweeps import for_each_event


@shared_task
def expire_pending_bookings() -> None:
    """Cancel unpaid bookings whose payment deadline has passed."""
    for_each_event(
        "expire_pending_bookings",
        queries.events_with_overdue_bookings(),
        operations.expire_pending_bookings,
    )
