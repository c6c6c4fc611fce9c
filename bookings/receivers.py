"""What bookings do when an event changes, and what they leave to a task."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from bookings import tasks
from bookings.operations.attendance import keep_questions_of_moved_event
from bookings.signals import refusal_unlogged
from evently.enqueue import enqueue_on_commit
from evently.origin import Origin
from events.models import Event
from events.signals import event_changed


@receiver(event_changed, dispatch_uid="bookings.keep_questions")
def keep_questions(
    sender: Any, *, event: Event, changes: dict[str, tuple[Any, Any]], **kwargs: Any
) -> None:
    """Let questions follow an event that is moved; its row is locked."""
    if "event_date" in changes:
        keep_questions_of_moved_event(locked_event=event, old_date=changes["event_date"][0])


@receiver(refusal_unlogged, dispatch_uid="bookings.log_late_refusal")
def log_refusal_later(
    sender: Any,
    *,
    attempt_id: UUID,
    event_id: UUID,
    user_id: UUID | None,
    quantity: int | None,
    code: str,
    origin: Origin,
    at: datetime,
    **kwargs: Any,
) -> None:
    """Let a task log a refused attempt, as soon as the event's row is free."""
    enqueue_on_commit(
        tasks.log_refused_attempt,
        str(attempt_id),
        str(event_id),
        user_id and str(user_id),
        quantity,
        code,
        origin.ip_address,
        origin.user_agent,
        at.isoformat(),
    )
