"""What bookings do when an event changes."""

from typing import Any

from django.dispatch import receiver

from bookings.operations.attendance import keep_questions_of_moved_event
from events.models import Event
from events.signals import event_changed


@receiver(event_changed, dispatch_uid="bookings.keep_questions")
def keep_questions(
    sender: Any, *, event: Event, changes: dict[str, tuple[Any, Any]], **kwargs: Any
) -> None:
    """Let questions follow an event that is moved; its row is locked."""
    if "event_date" in changes:
        keep_questions_of_moved_event(locked_event=event, old_date=changes["event_date"][0])
