"""Receivers of signals that end something."""

from typing import Any

from django.dispatch import receiver

from boxoffice.lifecycle import tasks
from evently.enqueue import enqueue_on_commit
from events.models import Event
from events.signals import event_cancelled


@receiver(event_cancelled, dispatch_uid="lifecycle.continue_cancellation")
def cancel_remaining_bookings(sender: Any, *, event: Event, **kwargs: Any) -> None:
    """Cancel the bookings and the waitlist of a cancelled event in the background."""
    enqueue_on_commit(tasks.continue_cancellation, str(event.pk))
