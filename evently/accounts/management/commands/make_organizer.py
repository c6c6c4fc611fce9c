"""Let somebody publish events: `manage.py make_organizer EMAIL`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evently.accounts import operations
from evently.accounts.queries import user_with_address


class Command(BaseCommand):
    help = "Gives the account of an address the role that publishes events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address."""
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        """Change the role."""
        user = user_with_address(email)
        if user is None:
            raise CommandError(f"Nobody has an account with {email}. They need to sign up first.")
        try:
            operations.make_organizer(user_id=user.pk)
        except operations.AddressUnproven as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(f"{email} may publish events now: /admin/")
