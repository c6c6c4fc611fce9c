"""manage.py import_events FILE: import events from a CSV file with Google Calendar's columns."""

import csv
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import reset_queries

from evently.accounts.models import Role, User
from evently.audit.context import acting
from evently.currencies import AmountUnclear, read_amount
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.formatting import counted
from events.importing import Plan, Refusal, Summary, import_rows, read_rows
from events.importing.candidates import REASONS


class Command(BaseCommand):
    help = (
        "Import upcoming events from a CSV file with Google Calendar's columns (Subject, Start "
        "Date, Start Time, End Date, End Time, All Day Event, Description, Location, Private). "
        "Refused rows are listed with the reason; rows imported before are not imported again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument(
            "--organizer", metavar="EMAIL", help="email address of the organizer of the events"
        )
        parser.add_argument(
            "--timezone", default="UTC", help="time zone of the times in the file (%(default)s)"
        )
        parser.add_argument(
            "--capacity", type=int, default=100, help="seats per event (%(default)s)"
        )
        parser.add_argument("--price", default="0", help="price per seat; 0 is free (%(default)s)")
        parser.add_argument("--currency", default="EUR", help="currency of the price (%(default)s)")
        parser.add_argument("--publish", action="store_true", help="publish the events at once")
        parser.add_argument(
            "--shift-dates",
            action="store_true",
            help="move past events into the future, by whole years",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="report what would be imported, import nothing"
        )
        parser.add_argument(
            "--report",
            type=Path,
            metavar="CSV",
            help="write refused rows to this file instead of stderr",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organizer = _organizer(options["organizer"])
            with (
                acting(actor=str(organizer.pk), via="shell"),
                _reporter(options["report"], self.stderr.write) as report,
            ):
                summary = import_rows(
                    read_rows(options["file"]),
                    plan=_plan(options),
                    organizer_id=organizer.pk,
                    dry_run=options["dry_run"],
                    on_refusal=report,
                    # With DEBUG, Django keeps every statement, and these are long.
                    on_batch=lambda summary: reset_queries(),
                )
        except Invalid as refusal:
            messages = " ".join(refusal.fields.values())
            raise CommandError(messages or refusal.text) from refusal
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(_summary_text(summary, options))


def _plan(options: dict[str, Any]) -> Plan:
    try:
        price = read_amount(options["price"], options["currency"].upper())
    except AmountUnclear as error:
        raise CommandError(f"--price {options['price']}: {error}") from error
    return Plan(
        now=now(),
        timezone=options["timezone"],
        capacity=options["capacity"],
        price=price,
        currency=options["currency"].upper(),
        publish=options["publish"],
        shift_dates=options["shift_dates"],
    )


def _organizer(email: str | None) -> User:
    """Return the organizer with an email address; without one, the only organizer there is."""
    organizers = User.objects.active().filter(role=Role.ADMIN)
    if email:
        found: User | None = User.objects.active().with_address(email).first()
        if found is None:
            raise CommandError(f"There is no user with the email address {email}.")
        if not found.is_organizer:
            raise CommandError(
                f"{email} is not an organizer. Run: manage.py make_organizer {email}"
            )
        return found
    candidates: list[User] = list(organizers[:2])
    if len(candidates) != 1:
        raise CommandError("Name the organizer of the events: --organizer EMAIL")
    return candidates[0]


@contextmanager
def _reporter(
    path: Path | None, write_line: Callable[[str], Any]
) -> Iterator[Callable[[Refusal], None]]:
    """Give a function that reports a refusal: into a CSV file, or as a line."""
    if path is None:
        yield lambda refusal: write_line(
            f"line {refusal.line}: {refusal.name or '(no name)'}: {refusal.message}"
        )
        return
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    with file:
        writer = csv.writer(file)
        writer.writerow(["Line", "Subject", "Reason", "What to do"])
        yield lambda refusal: writer.writerow(
            [refusal.line, refusal.name, refusal.reason, refusal.message]
        )


def _summary_text(summary: Summary, options: dict[str, Any]) -> str:
    verb = "would be imported" if options["dry_run"] else "imported"
    lines = [f"{counted(summary.rows, 'row')} read, {summary.imported:,} {verb}"]
    if summary.moved:
        lines[0] += f" ({summary.moved:,} of them moved into the future)"
    for reason, count in sorted(summary.refused.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"{count:>7,} refused: {REASONS[reason]}")
    if summary.refused and options["report"] is not None:
        lines.append(f"The refused rows are listed in {options['report']}.")
    if summary.imported and not options["publish"] and not options["dry_run"]:
        lines.append("They are drafts: publish them in the admin, or import with --publish.")
    return "\n".join(lines)
