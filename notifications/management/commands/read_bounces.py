"""Read what comes back of emails: from a mail server's pipe, or from the mailbox."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from notifications.returns.applying import apply_all
from notifications.returns.mailbox import mailbox_of, read_mailbox
from notifications.returns.reading import MOST_BYTES, read_report
from notifications.returns.recording import record

# By which a mail server knows that it has to try again (sysexits.h).
TEMPORARY_FAILURE = 75


class Command(BaseCommand):
    """Exits with 75 where the database is down, so that the mail server keeps the report."""

    help = (
        "Reads one report, such as a bounce, from standard input, as a mail server pipes it. With "
        "--mailbox, reads what is new in BOUNCE_MAILBOX_URL. What is no report is left alone."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mailbox", action="store_true", help="read BOUNCE_MAILBOX_URL")
        parser.add_argument(
            "--recipient",
            default="",
            help="the address that the report was sent to, where its headers do not have it",
        )

    def handle(self, *args: Any, mailbox: bool, recipient: str, **options: Any) -> None:
        if mailbox:
            self._read_mailbox()
            return
        report = read_report(sys.stdin.buffer.read(MOST_BYTES), recipient=recipient)
        if report is None:
            self.stdout.write("No report.")
            return
        try:
            is_new = record([report])
            apply_all()
        except (OperationalError, InterfaceError) as error:
            self.stderr.write(f"The database is down ({type(error).__name__}): try again later.")
            sys.exit(TEMPORARY_FAILURE)
        words = "Recorded" if is_new else "Known already, or about no email of the delivery log"
        self.stdout.write(f"{words}: {report.verdict.outcome}.")

    def _read_mailbox(self) -> None:
        if not settings.BOUNCE_MAILBOX_URL:
            raise CommandError("Set BOUNCE_MAILBOX_URL first.")
        result = read_mailbox(mailbox_of(settings.BOUNCE_MAILBOX_URL))
        self.stdout.write(
            f"{result.looked_at} emails read: {result.reports} reports, {result.new} of them new."
        )
