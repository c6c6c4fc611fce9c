"""Facts of the apps below that the line answers to."""

from typing import Any

from django.dispatch import receiver

from events.models import Event
from events.signals import event_changed, seats_freed
from waitlists import operations


@receiver(seats_freed, dispatch_uid="waitlists.promote")
def promote_into_freed_seats(sender: Any, *, locked_event: Event, **kwargs: Any) -> None:
    """Offer freed seats to the line, in the transaction that freed them."""
    operations.promote_waiting(locked_event=locked_event)


@receiver(event_changed, dispatch_uid="waitlists.move_waiting_ends")
def keep_waiting_until_sales_end(
    sender: Any, *, event: Event, changes: dict[str, tuple[Any, Any]], **kwargs: Any
) -> None:
    """Let people in line wait until the new end of sales, when an event or its sales moved."""
    if {"event_date", "sales_end_at"} & changes.keys():
        operations.move_waiting_ends(locked_event=event, changes=changes)
