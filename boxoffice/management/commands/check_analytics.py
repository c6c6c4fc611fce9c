"""Compare the figures of events with the tables, once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from boxoffice.figures.agreement import Agreement, check_all, check_lost_demand
from boxoffice.figures.page import PAGE
from boxoffice.figures.page import page as analytics_page
from evently.database.clock import now
from evently.formatting import counted
from events.models import RollUp

MOST_SHOWN = 50


class Command(BaseCommand):
    """Do what the nightly check does, and list what differs."""

    help = "Compare the figures of the last weeks with the tables that they are about."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the switches."""
        parser.add_argument(
            "--mend", action="store_true", help="write those that differ anew from the tables"
        )

        parser.add_argument(
            "--page", action="store_true", help="only write the metrics into docs/analytics.md"
        )

    def handle(self, *args: Any, mend: bool, page: bool, **options: Any) -> None:
        """Check; fails if figures differ and are not mended."""
        if page:
            PAGE.write_text(analytics_page())
            return
        checked = [
            *check_all(at=now(), mend=mend),
            check_lost_demand(at=now(), mend=mend),
        ]
        for agreement in checked:
            self._show(agreement)
        total = sum(agreement.total for agreement in checked)
        if total and not mend:
            figures = counted(total, "figure differs", "figures differ")
            raise CommandError(f"{figures}. To write them anew: --mend")

    def _show(self, agreement: Agreement) -> None:
        found, total = agreement.differences, agreement.total
        for one in found[:MOST_SHOWN]:
            self.stdout.write(
                f"{one.event_id} {one.metric} {one.bucket:%Y-%m-%d %H:%M %Z}: "
                f"{'none' if one.stored is None else one.stored.normalize()} is stored, "
                f"{'none' if one.found is None else one.found} is right"
            )
        if total > MOST_SHOWN:
            self.stdout.write(f"… and {counted(total - MOST_SHOWN, 'more', 'more')}")
        since = f"from {agreement.start:%Y-%m-%d}"
        if agreement.resolution == RollUp.LOST_DEMAND:
            self.stdout.write(f"Lost demand {since}: {counted(total, 'difference')}.")
            return
        result = "agree" if not found else f"{counted(total, 'difference')}"
        self.stdout.write(f"By {agreement.resolution} {since}: {result}.")
