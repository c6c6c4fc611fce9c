"""Periodic tasks of the waitlist."""

from celery import shared_task

from evently import heartbeats
from evently.sweeps import for_each_event
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
def repair_waitlists() -> None:
    """Make offers that were missed, and close entries whose own end has passed.

    Normally every change makes its own offers, so this finds seats only after a plain SQL change
    or an error.
    """
    for_each_event("repair_waitlists", queries.events_to_repair(), operations.repair_waitlist)


@shared_task
def check_ledger() -> None:
    """Check the seats of all events, for the metrics; the log names events that do not add up."""
    heartbeats.note_ledger(mismatches=len(ledger.events_out_of_balance()))
