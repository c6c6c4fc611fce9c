"""Background tasks of bookings."""

from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.db import OperationalError

from bookings import attendance_queries, operations, queries
from evently.origin import Origin
from evently.sweeps import for_each_event
from evently.transactions import EventBusy


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


@shared_task(
    autoretry_for=(EventBusy, OperationalError),
    retry_backoff=2,
    retry_backoff_max=120,
    max_retries=12,
)
def log_refused_attempt(
    attempt_id: str,
    event_id: str,
    user_id: str | None,
    quantity: int | None,
    code: str,
    ip_address: str | None,
    user_agent: str,
    at: str,
) -> None:
    """Log a refused attempt to book an event whose row was locked; again while it still is."""
    operations.log_late_refusal(
        attempt_id=UUID(attempt_id),
        event_id=UUID(event_id),
        user_id=UUID(user_id) if user_id else None,
        quantity=quantity,
        code=code,
        origin=Origin(ip_address, user_agent),
        at=datetime.fromisoformat(at),
    )
