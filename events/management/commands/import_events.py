"""manage.py import_events FILE: import events from a CSV or an iCalendar file."""

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
from events.importing import (
    REASONS,
    DayOrder,
    Plan,
    Refusal,
    Summary,
    Survey,
    Undecided,
    file_source,
    import_file,
)
from events.importing.files import Kind

# Refusals that are listed on the terminal for each reason; a report lists all.
EXAMPLES = 3
# The options that answer what a file leaves open.
ANSWERS = {
    "timezone": "--timezone Europe/Berlin, for example",
    "day_order": "--day-first or --month-first",
}


class Command(BaseCommand):
    help = (
        "Import upcoming events from a CSV file with the columns of Google Calendar or Outlook "
        "(Subject, Start Date, Start Time, End Date, End Time, All Day Event, Description, "
        "Location, Private, Sensitivity), or from an iCalendar file, with the dates of recurring "
        "events for two years. Refused rows are listed with the reason; rows imported before are "
        "not imported again. Columns beyond these are left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV or iCalendar file")
        parser.add_argument(
            "--organizer", metavar="EMAIL", help="email address of the organizer of the events"
        )
        parser.add_argument(
            "--timezone",
            default="",
            help="time zone of the times that the file gives none for, such as Europe/Berlin",
        )
        parser.add_argument("--venue", default="", help="venue of the events without one")
        order = parser.add_mutually_exclusive_group()
        for value in DayOrder:
            what = value.replace("_", " ").replace(" first", "")
            order.add_argument(
                f"--{value.replace('_', '-')}",
                dest="day_order",
                action="store_const",
                const=value,
                help=f"dates such as 05/06/2027 have the {what} first",
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
            "--keep-column",
            action="append",
            default=[],
            metavar="NAME",
            help="a further column whose contents go into the public description; can be repeated",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="report what would be imported, import nothing"
        )
        parser.add_argument(
            "--report", type=Path, metavar="CSV", help="write all refused rows to this file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        examples: dict[str, list[Refusal]] = {}
        try:
            organizer = _organizer(options["organizer"])
            with (
                acting(actor=str(organizer.pk), via="shell"),
                _reporter(options["report"]) as report,
            ):

                def refused(refusal: Refusal) -> None:
                    shown = examples.setdefault(refusal.reason, [])
                    if len(shown) < EXAMPLES:
                        shown.append(refusal)
                    report(refusal)

                summary = import_file(
                    file_source(options["file"]),
                    plan=_plan(options),
                    organizer_id=organizer.pk,
                    dry_run=options["dry_run"],
                    on_survey=lambda found, plan: self.stdout.write(_survey_text(found, plan)),
                    on_refusal=refused,
                    # With DEBUG, Django keeps every statement, and these are long.
                    on_batch=lambda summary: reset_queries(),
                )
        except Undecided as refusal:
            raise CommandError(
                "\n".join(f"{text} ({ANSWERS[name]})" for name, text in refusal.fields.items())
            ) from refusal
        except Invalid as refusal:
            messages = " ".join(refusal.fields.values())
            raise CommandError(messages or refusal.text) from refusal
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(_summary_text(summary, examples, options))


def _plan(options: dict[str, Any]) -> Plan:
    currency = options["currency"].upper()
    try:
        price = read_amount(options["price"], currency)
    except AmountUnclear as error:
        raise CommandError(f"--price {options['price']}: {error}") from error
    return Plan(
        now=now(),
        timezone=options["timezone"],
        day_order=options["day_order"],
        venue=options["venue"],
        capacity=options["capacity"],
        price=price,
        currency=currency,
        publish=options["publish"],
        shift_dates=options["shift_dates"],
        kept_columns=frozenset(options["keep_column"]),
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
def _reporter(path: Path | None) -> Iterator[Callable[[Refusal], None]]:
    """Give a function that writes a refusal into a CSV file, if there is one."""
    if path is None:
        yield lambda refusal: None
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


def _survey_text(found: Survey, plan: Plan) -> str:
    """Return how the file is read: what was assumed, and what is left out."""
    lines = []
    if found.needs_zone:
        lines.append(f"Times without a time zone are read as times in {plan.timezone}.")
    if found.day_order is not None and plan.day_order == found.day_order:
        order = found.day_order.replace("_", " ")
        lines.append(f"Dates such as 05/06/2027 are read with the {order}, as others show.")
    kept = {name.casefold() for name in plan.kept_columns}
    left_out = [name for name in found.left_out if name.casefold() not in kept]
    if left_out:
        what = "Columns" if found.kind is Kind.CSV else "Properties"
        lines.append(f"{what} left out, not published: {', '.join(sorted(left_out))}.")
    return "\n".join(lines)


def _summary_text(
    summary: Summary, examples: dict[str, list[Refusal]], options: dict[str, Any]
) -> str:
    verb = "would be imported" if options["dry_run"] else "imported"
    lines = [f"{counted(summary.rows, 'row')} read, {summary.imported:,} {verb}"]
    if summary.moved:
        lines[0] += f" ({summary.moved:,} of them moved into the future)"
    for reason, count in sorted(summary.refused.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"{count:>7,} refused: {REASONS[reason]}")
        shown = examples.get(reason, [])
        lines += [
            f"        line {one.line}: {one.name or '(no name)'}: {one.message}" for one in shown
        ]
        if count > len(shown):
            lines.append(f"        and {count - len(shown):,} more")
    if summary.refused and options["report"] is not None:
        lines.append(f"All refused rows are listed in {options['report']}.")
    elif any(count > EXAMPLES for count in summary.refused.values()):
        lines.append("To get a list of all refused rows, import with --report refused.csv.")
    if summary.imported and not options["publish"] and not options["dry_run"]:
        lines.append("They are drafts: publish them in the admin, or import with --publish.")
    return "\n".join(lines)
