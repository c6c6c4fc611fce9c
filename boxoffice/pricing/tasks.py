"""The task that applies price rules."""

from celery import shared_task

from boxoffice.pricing.applying import apply_price_rule, events_to_reprice
from evently.sweeps import for_each_event


@shared_task
def apply_price_rules() -> None:
    """Move the prices that are due by their rules, one event in a transaction."""
    for_each_event("apply_price_rules", events_to_reprice(), apply_price_rule)
