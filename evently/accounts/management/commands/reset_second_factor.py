"""Remove the second factors of an account, for a superuser who is locked out."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evently.accounts.operations.second_factors import reset_second_factor
from evently.accounts.queries import user_with_address
from evently.errors import DomainError

REASON = "Reset on the server by an operator"


class Command(BaseCommand):
    help = (
        "Removes the authenticator app, passkeys and recovery codes of an account, and logs it out "
        "everywhere. Its password stays. The owner is told by email."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--reason", default=REASON, help="Goes to the owner, by email.")

    def handle(self, *args: Any, email: str, reason: str, **options: Any) -> None:
        user = user_with_address(email)
        if user is None:
            raise CommandError(f"There is no account for {email}.")
        try:
            reset_second_factor(user_id=user.pk, reason=reason, by_id=None)
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal
        self.stdout.write(f"{email} logs in with the password alone now, and sets up a new factor.")
