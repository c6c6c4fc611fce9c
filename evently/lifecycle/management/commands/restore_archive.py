"""Restore rows from cold storage, or check its files."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from evently.audit.context import acting
from evently.errors import DomainError
from evently.formatting import counted
from evently.lifecycle.failures import ColdFileDamaged, ColdStorageUnreachable
from evently.lifecycle.models import ColdFile, ColdState
from evently.lifecycle.restoring import chosen_files, problems, restore, rows_of, try_out

COLUMNS = "{:<36}  {:<18}  {:<7}  {:>8}  {}"


class Command(BaseCommand):
    help = (
        "Restores rows from cold storage into the database, where they stay for 30 days; the files "
        "stay. Each file is checked first: its checksum, its signature, and its number of rows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--try",
            action="store_true",
            help="write, read, list and delete a small file, to see whether COLD_STORAGE_URL works",
        )
        parser.add_argument("--list", action="store_true", help="list the files in cold storage")
        parser.add_argument(
            "--verify", action="store_true", help="check all files, and restore nothing"
        )
        parser.add_argument(
            "--print",
            action="store_true",
            help="print the rows, one as JSON per line, and restore nothing",
        )
        parser.add_argument("--table", default="", help="such as bookings_archive")
        parser.add_argument("--month", type=_month, metavar="YYYY-MM", help="such as 2026-11")
        parser.add_argument(
            "--file",
            type=_file,
            metavar="ID",
            action="append",
            default=[],
            help="by its id, which --list shows; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._do(**options)
        except ColdStorageUnreachable as failure:
            raise CommandError(failure.text) from failure

    def _do(self, **options: Any) -> None:
        if options["try"]:
            self._try()
            return
        if options["verify"]:
            self._verify()
            return
        found = list(
            chosen_files(table=options["table"], month=options["month"], ids=options["file"])
        )
        if options["list"]:
            self._list(found)
        elif not (options["table"] or options["month"] or options["file"]):
            raise CommandError("Name what to restore: --table, --month or --file. Or --list them.")
        elif not found:
            raise CommandError("There is no such file in cold storage. --list shows all.")
        elif len(found) < len(set(options["file"])):
            missing = set(options["file"]) - {cold.pk for cold in found}
            raise CommandError(
                f"There is no file {', '.join(map(str, sorted(missing)))}. Nothing was restored; "
                "--list shows all."
            )
        elif options["print"]:
            self._print(found)
        else:
            self._restore(found)

    def _try(self) -> None:
        try:
            try_out()
        except ColdFileDamaged as failure:
            raise CommandError(failure.text) from failure
        self.stdout.write("Cold storage works: a file was written, read, listed and deleted.")

    def _verify(self) -> None:
        found = list(problems())
        for problem in found:
            self.stderr.write(problem)
        if found:
            raise CommandError(f"Cold storage has {counted(len(found), 'problem')}.")
        if count := chosen_files().count():
            self.stdout.write(f"All {count:,} files are as they were written.")
        else:
            self.stdout.write("There are no files in cold storage.")

    def _list(self, found: list[ColdFile]) -> None:
        if not found:
            self.stdout.write("There are no such files in cold storage.")
            return
        self.stdout.write(COLUMNS.format("File", "Table", "Month", "Rows", "State"))
        for cold in found:
            row = (str(cold.pk), cold.table_name, f"{cold.month:%Y-%m}", f"{cold.rows:,}")
            self.stdout.write(COLUMNS.format(*row, cold.state))

    def _print(self, found: list[ColdFile]) -> None:
        for cold in found:
            try:
                for row in rows_of(cold):
                    self.stdout.write(json.dumps(row, ensure_ascii=False))
            except DomainError as refusal:
                raise CommandError(refusal.text) from refusal

    def _restore(self, found: list[ColdFile]) -> None:
        total = failed = 0
        with acting(actor="manage.py restore_archive", via="shell"):
            for cold in found:
                if cold.state == ColdState.RESTORED:
                    self.stdout.write(f"{cold.name} is in the database already.")
                    continue
                try:
                    rows = restore(cold)
                except ColdStorageUnreachable:
                    raise
                except DomainError as refusal:
                    failed += 1
                    self.stderr.write(refusal.text)
                    continue
                total += rows
                self.stdout.write(f"{cold.name}: {rows:,} rows restored.")
        if failed:
            raise CommandError(f"{failed} of {len(found)} files were not restored.")
        self.stdout.write(f"{total:,} rows are in the database again, for 30 days.")


def _month(text: str) -> date:
    """Return the first day of a month."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - no time of day
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no month: write it as 2026-11") from None


def _file(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no id of a file: --list shows them") from None
