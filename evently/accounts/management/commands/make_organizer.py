"""Give a user the organizer role: `manage.py make_organizer EMAIL`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evently.accounts import operations
from evently.accounts.queries import user_with_address


class Command(BaseCommand):
    help = "Gives the user with this email address the organizer role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = user_with_address(email)
        if user is None:
            raise CommandError(f"There is no account for {email}. The user has to sign up first.")
        try:
            operations.make_organizer(user_id=user.pk)
        except operations.AddressUnverified as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(f"{email} is now an organizer. The admin is at /admin/.")
