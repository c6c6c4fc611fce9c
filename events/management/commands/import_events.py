"""manage.py import_events FILE: import events from a CSV or an iCalendar file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evently.accounts.models import Role, User
from evently.audit.context import acting
from evently.currencies import AmountUnclear, read_amount
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.formatting import counted
from events.import_models import EventImport, ImportState
from events.importing import operations, queries
from events.importing.dates import DayOrder
from events.importing.files import file_source, kind_of
from events.importing.plan import Plan
from events.importing.report import report_lines

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
        "events for two years. Refused rows are listed with the reason; rows imported before "
        "change their event where the file has changed. Columns beyond these are left out."
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
            "--report", type=Path, metavar="CSV", help="write what becomes of each row to this file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organizer = _organizer(options["organizer"])
            plan = _plan(options)
            with acting(actor=str(organizer.pk), via="shell"):
                batch = self.read(options["file"], plan, organizer)
                self.stdout.write(_survey_text(batch, plan))
                if not options["dry_run"] and _to_do(batch):
                    operations.apply_import(import_id=batch.pk)
                    operations.continue_applying(import_id=batch.pk)
                self.stdout.write(_summary_text(batch, options))
                _write_report(batch, options["report"])
                if options["dry_run"] or not _to_do(batch):
                    operations.discard_import(import_id=batch.pk)
        except Invalid as refusal:
            messages = " ".join(refusal.fields.values())
            raise CommandError(messages or refusal.text) from refusal
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal

    def read(self, path: Path, plan: Plan, organizer: User) -> EventImport:
        """Return the import of a file, read and ready."""
        source = file_source(path)
        kind_of(source)
        with source() as file:
            batch = operations.start_import(
                organizer_id=organizer.pk, file_name=path.name, content=file.read(), plan=plan
            )
        operations.read_import(import_id=batch.pk)
        batch.refresh_from_db()
        if batch.state == ImportState.READY:
            return batch
        operations.discard_import(import_id=batch.pk)
        questions = [f"{text} ({ANSWERS[name]})" for name, text in batch.questions.items()]
        raise CommandError("\n".join(questions) or batch.problem)


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


def _to_do(batch: EventImport) -> int:
    counts = queries.counts_of(batch)
    return counts["new"] + counts["changed"]


def _write_report(batch: EventImport, path: Path | None) -> None:
    if path is None:
        return
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    with file:
        file.writelines(report_lines(batch))


def _survey_text(batch: EventImport, plan: Plan) -> str:
    """Return how the file is read: what was assumed, and what is left out."""
    lines = []
    if "timezone" in batch.assumed:
        lines.append(f"Times without a time zone are read as times in {plan.timezone}.")
    proved = next((order for order in DayOrder if order in batch.assumed), None)
    if proved is not None and plan.day_order is None:
        order = proved.replace("_", " ")
        lines.append(f"Dates such as 05/06/2027 are read with the {order}, as others show.")
    kept = {name.casefold() for name in plan.kept_columns}
    left_out = [name for name in batch.left_out if name.casefold() not in kept]
    if left_out:
        lines.append(f"Left out, not published: {', '.join(sorted(left_out))}.")
    return "\n".join(lines)


def _summary_text(batch: EventImport, options: dict[str, Any]) -> str:
    counts = queries.counts_of(batch)
    rows = sum(counts[name] for name in ("new", "changed", "unchanged", "refused"))
    failed = counts["failed_rows"]
    verb = "would be imported" if options["dry_run"] else "imported"
    lines = [f"{counted(rows, 'row')} read, {counts['new'] + counts['changed'] - failed:,} {verb}"]
    if counts["changed"]:
        lines[0] += f" ({counts['changed']:,} of them changed)"
    if counts["unchanged"]:
        lines.append(f"{counts['unchanged']:>7,} already imported, and unchanged")
    refusals = queries.refusals_of(batch)
    for refusal in refusals:
        lines.append(f"{refusal['number']:>7,} refused: {refusal['label']}")
        lines += [
            f"        line {row.line}: {row.name or '(no name)'}: {row.message}"
            for row in refusal["examples"]
        ]
        if refusal["more"]:
            lines.append(f"        and {refusal['more']:,} more")
    if options["report"] is not None:
        lines.append(f"All rows are listed in {options['report']}.")
    elif any(refusal["more"] for refusal in refusals):
        lines.append("To get a list of all refused rows, import with --report refused.csv.")
    if not options["dry_run"] and counts["new"]:
        if not options["publish"]:
            lines.append("They are drafts: publish them in the admin, or import with --publish.")
        lines.append("The import can be undone in the admin, under Imports.")
    return "\n".join(lines)
