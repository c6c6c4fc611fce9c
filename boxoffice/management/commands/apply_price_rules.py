"""Apply the price rules that are due, once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from boxoffice.pricing.applying import apply_price_rule, events_to_reprice
from evently.errors import DomainError
from evently.formatting import counted


class Command(BaseCommand):
    """Do what the scheduled task does each minute, and say what it did."""

    help = "Move the prices that are due by their rules now, and say which."

    def handle(self, *args: Any, **options: Any) -> None:
        """Apply the rules; fails if one of them could not be."""
        moved, failed = 0, 0
        for event_id in events_to_reprice():
            try:
                price = apply_price_rule(event_id=event_id)
            except DomainError as refusal:
                failed += 1
                self.stderr.write(f"{event_id}: {refusal.text}")
            else:
                if price is not None:
                    moved += 1
                    self.stdout.write(f"{event_id}: now {price}")
        self.stdout.write(f"{counted(moved, 'price')} changed.")
        if failed:
            raise CommandError(f"{counted(failed, 'rule')} not applied.")
