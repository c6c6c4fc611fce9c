"""Periodic tasks of the waitlist."""

from uuid import UUID

from celery import shared_task

from evently import heartbeats
from evently.sweeps import for_each_event, for_each_user
from waitlists import ledger, operations, queries


@shared_task
def expire_promotions() -> None:
    """End expired offers; their seats are offered to the next entries."""
    for_each_event(
        "expire_promotions",
        queries.events_with_overdue_promotions(),
        operations.expire_promotions,
    )


@shared_task
def advance_draws() -> None:
    """Freeze, draw, or declare void what is due."""
    for_each_event("advance_draws", queries.events_with_due_draws(), operations.advance_draw)


@shared_task
def confirm_places(user_id: str) -> None:
    """Confirm the places of a user who has proved to own the email address."""
    operations.confirm_entries_of(user_id=UUID(user_id))


@shared_task
def repair_waitlists() -> None:
    """Make offers that were missed, close entries whose own end has passed, and confirm places.

    Normally every change makes its own offers, so this finds seats only after a plain SQL change
    or an error.
    """
    for_each_event("repair_waitlists", queries.events_to_repair(), operations.repair_waitlist)
    unconfirmed = queries.unconfirmed_of_verified().values_list("user_id", flat=True)
    for_each_user("confirm_places", set(unconfirmed), operations.confirm_entries_of)


@shared_task
def check_ledger() -> None:
    """Check the seats of all events, for the metrics; the log names events that do not add up."""
    heartbeats.note_ledger(mismatches=len(ledger.events_out_of_balance()))
