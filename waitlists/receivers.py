"""What the waitlist does when seats are freed, an event changes or an address is confirmed."""

from typing import Any

from django.dispatch import receiver

from evently.accounts.models import User
from evently.accounts.signals import address_confirmed
from evently.enqueue import enqueue_on_commit
from evently.formatting import counted
from evently.privacy.signals import wrapped_elsewhere
from events.models import Event
from events.signals import event_changed, seats_freed
from waitlists import operations, tasks
from waitlists.draw_queries import pending_draws_by_key


@receiver(seats_freed, dispatch_uid="waitlists.promote")
def promote_into_freed_seats(sender: Any, *, locked_event: Event, **kwargs: Any) -> None:
    """Offer freed seats to the waitlist, in the transaction that freed them."""
    operations.promote_waiting(locked_event=locked_event)


@receiver(address_confirmed, dispatch_uid="waitlists.confirm_places")
def confirm_places_of_owner(sender: Any, *, user: User, **kwargs: Any) -> None:
    """Confirm the places of a user who has proved to own the email address."""
    enqueue_on_commit(tasks.confirm_places, str(user.pk))


@receiver(event_changed, dispatch_uid="waitlists.move_waiting_ends")
def keep_waiting_until_sales_end(
    sender: Any, *, event: Event, changes: dict[str, tuple[Any, Any]], **kwargs: Any
) -> None:
    """Move the end of waiting with the end of sales; the event's row is locked."""
    if {"event_date", "sales_end_at", "waitlist_until_start"} & changes.keys():
        operations.move_waiting_ends(locked_event=event, changes=changes)


@receiver(event_changed, dispatch_uid="waitlists.offer_by_new_rules")
def offer_by_new_rules(
    sender: Any, *, event: Event, changes: dict[str, tuple[Any, Any]], **kwargs: Any
) -> None:
    """Offer what the change allows: an entry that reserved may do so no longer.

    It may need more seats than the event now has. More seats are announced as `seats_freed`.
    """
    had, has = changes.get("total_capacity", (0, 0))
    if {"max_passes", "waitlist_until_start"} & changes.keys() or has < had:
        operations.promote_waiting(locked_event=event)


@receiver(event_changed, dispatch_uid="waitlists.announce_outgrown")
def find_outgrown_entries(
    sender: Any, *, event: Event, changes: dict[str, tuple[Any, Any]], **kwargs: Any
) -> None:
    """Find the entries that need more seats than the event has left of its capacity."""
    if "total_capacity" in changes:
        operations.announce_outgrown(locked_event=event, changes=changes)


@receiver(wrapped_elsewhere, dispatch_uid="waitlists.secrets_of_draws")
def name_keys_of_draws(sender: Any, **kwargs: Any) -> dict[str, str]:
    """Return which wrapping keys the secrets of pending draws need."""
    return {name: counted(n, "pending draw") for name, n in pending_draws_by_key().items()}
