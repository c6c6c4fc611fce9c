"""Collect the static files, so that the next start has nothing to write."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from evently import static_files


class Command(BaseCommand):
    """Bring STATIC_ROOT up to date."""

    help = "Collect the static files into STATIC_ROOT; writes nothing if they are up to date."
    # The database need not be there yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Accept the option that scripts pass to Django's command; it never asks anyway."""
        parser.add_argument("--noinput", "--no-input", action="store_true", help="Never asks.")

    def handle(self, *args: Any, **options: Any) -> None:
        written = static_files.collect()
        self.stdout.write("Static files collected." if written else "Static files are up to date.")
