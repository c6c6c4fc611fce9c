"""Tell what DNS says of the domains that emails are sent from, and what it lacks."""

import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.sender_domains.checking import check_domains
from notifications.sender_domains.findings import Finding, Level, worst
from notifications.sender_domains.lookup import SECONDS, Lookup

# What scripts see; advice is no reason to fail. 2 is for arguments that are wrong.
EXIT_CODES = {Level.FINE: 0, Level.ADVICE: 0, Level.PROBLEM: 1, Level.UNKNOWN: 3}


class Command(BaseCommand):
    help = (
        "Reads MX, SPF, DKIM and DMARC of the domains of DEFAULT_FROM_EMAIL and BOUNCE_ADDRESS. "
        "Exits with 0 if nothing is missing, 1 if something is missing or wrong, 3 if nothing is "
        "known to be, but DNS did not answer everything."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument(
            "--server",
            default=settings.EMAIL_DNS_SERVER,
            metavar="ADDRESS[:PORT]",
            help="the DNS server to ask, such as that of the domain after a change; by default "
            "EMAIL_DNS_SERVER or the system's",
        )
        parser.add_argument(
            "--timeout", type=float, default=SECONDS, help="seconds for each question"
        )

    def handle(
        self, *args: Any, as_json: bool, server: str, timeout: float, **options: Any
    ) -> None:
        try:
            lookup = Lookup(server, seconds=timeout)
        except ValueError as error:
            raise CommandError(f"--server {error}.") from error
        findings = check_domains(lookup)
        result = worst(findings)
        if as_json:
            found = {"result": result, "findings": [each.as_json() for each in findings]}
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        else:
            for finding in findings:
                self._show(finding)
        if EXIT_CODES[result]:
            sys.exit(EXIT_CODES[result])

    def _show(self, finding: Finding) -> None:
        styles = {
            Level.FINE: self.style.SUCCESS,
            Level.PROBLEM: self.style.ERROR,
        }
        words = f"{finding.level.capitalize():8}"
        style = styles.get(finding.level, self.style.WARNING)
        self.stdout.write(f"{style(words)} {finding.about:6} {finding.text}")
        if finding.add is not None:
            self.stdout.write(f"{'':15} Record: {finding.add.line}")
