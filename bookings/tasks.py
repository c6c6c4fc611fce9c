"""Background tasks of bookings."""

from celery import shared_task

from bookings import attendance_queries, operations, queries
from evently.sweeps import for_each_event


@shared_task
def ask_attendees() -> None:
    """Ask attendees some days before an event whether they are still coming."""
    for_each_event("ask_attendees", attendance_queries.events_to_ask(), operations.ask_attendees)


@shared_task
def expire_pending_bookings() -> None:
    """Cancel unpaid bookings whose payment deadline has passed."""
    for_each_event(
        "expire_pending_bookings",
        queries.events_with_overdue_bookings(),
        operations.expire_pending_bookings,
    )
