"""Background work on bookings."""

from celery import shared_task

from bookings import operations, queries


@shared_task
def expire_pending_bookings() -> None:
    """Cancel unpaid bookings whose time is over."""
    for event_id in queries.events_with_overdue_bookings():
        operations.expire_pending_bookings(event_id=event_id)
