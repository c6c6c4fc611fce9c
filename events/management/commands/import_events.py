"""manage.py import_events FILE: events from a CSV file in Google Calendar's columns."""

import csv
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import reset_queries

from evently.accounts.models import Role, User
from evently.audit.context import acting
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from events.importing import Plan, Refusal, Summary, import_rows, read_rows
from events.importing.candidates import REASONS


class Command(BaseCommand):
    help = (
        "Import upcoming events from a CSV file in Google Calendar's columns (Subject, Start Date, "
        "Start Time, End Date, End Time, All Day Event, Description, Location, Private). Rows that "
        "are not taken are named with the reason; what was imported before is not imported again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--organizer", metavar="EMAIL", help="whose events they become")
        parser.add_argument(
            "--timezone", default="UTC", help="of the times in the file (%(default)s)"
        )
        parser.add_argument("--capacity", type=int, default=100, help="seats each (%(default)s)")
        parser.add_argument("--price", default="0", help="of a seat; 0 is free (%(default)s)")
        parser.add_argument("--currency", default="EUR", help="of the price (%(default)s)")
        parser.add_argument("--publish", action="store_true", help="make them public at once")
        parser.add_argument(
            "--shift-dates", action="store_true", help="move past events into the future, by years"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")
        parser.add_argument(
            "--report", type=Path, metavar="CSV", help="write refused rows there, not to stderr"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file, and say what became of each row."""
        try:
            organizer = _organizer(options["organizer"])
            with (
                acting(actor=str(organizer.pk), via="shell"),
                _told(options["report"], self.stderr.write) as tell,
            ):
                summary = import_rows(
                    read_rows(options["file"]),
                    plan=_plan(options),
                    organizer_id=organizer.pk,
                    dry_run=options["dry_run"],
                    on_refusal=tell,
                    # In development Django keeps every statement; here they are long.
                    on_batch=lambda summary: reset_queries(),
                )
        except Invalid as refusal:
            sentences = " ".join(refusal.fields.values())
            raise CommandError(sentences or refusal.text) from refusal
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(_summary_text(summary, options))


def _plan(options: dict[str, Any]) -> Plan:
    try:
        price = Decimal(options["price"]).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise CommandError(f"--price {options['price']} is not a number.") from error
    return Plan(
        now=now(),
        timezone=options["timezone"],
        capacity=options["capacity"],
        price=price,
        currency=options["currency"].upper(),
        publish=options["publish"],
        shift_dates=options["shift_dates"],
    )


def _organizer(address: str | None) -> User:
    """Return who the events become; without an address, the only organizer there is."""
    organizers = User.objects.active().filter(role=Role.ADMIN)
    if address:
        found: User | None = User.objects.active().with_address(address).first()
        if found is None:
            raise CommandError(f"Nobody has the address {address}.")
        if not found.is_organizer:
            raise CommandError(
                f"{address} is not an organizer. Run: manage.py make_organizer {address}"
            )
        return found
    candidates: list[User] = list(organizers[:2])
    if len(candidates) != 1:
        raise CommandError("Say whose events these become: --organizer EMAIL")
    return candidates[0]


@contextmanager
def _told(
    report: Path | None, complain: Callable[[str], Any]
) -> Iterator[Callable[[Refusal], None]]:
    """Tell of refused rows in a report, or one line each."""
    if report is None:
        yield lambda refusal: complain(
            f"line {refusal.line}: {refusal.name or '(no name)'}: {refusal.sentence}"
        )
        return
    try:
        file = report.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{report} cannot be written: {error.strerror}.") from error
    with file:
        writer = csv.writer(file)
        writer.writerow(["Line", "Subject", "Reason", "What to do"])
        yield lambda refusal: writer.writerow(
            [refusal.line, refusal.name, refusal.reason, refusal.sentence]
        )


def _summary_text(summary: Summary, options: dict[str, Any]) -> str:
    verb = "would be imported" if options["dry_run"] else "imported"
    lines = [f"{summary.rows:,} rows read, {summary.imported:,} {verb}"]
    if summary.moved:
        lines[0] += f" ({summary.moved:,} of them moved into the future)"
    for reason, count in sorted(summary.refused.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"{count:>7,} refused: {REASONS[reason]}")
    if summary.refused and options["report"] is not None:
        lines.append(f"The refused rows are in {options['report']}.")
    if summary.imported and not options["publish"] and not options["dry_run"]:
        lines.append("They are drafts: publish them in the admin, or import with --publish.")
    return "\n".join(lines)
