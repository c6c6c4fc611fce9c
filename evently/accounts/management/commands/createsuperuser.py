"""Create a superuser, from prompts or from options and the environment."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, connection, transaction

from evently.accounts.models import User
from evently.accounts.operations.passwords import WeakPassword, check_strength
from evently.audit.context import stamp
from evently.database.clock import now
from evently.errors import Invalid


def _name_in(email: str) -> str:
    """Return the default name: the address's part before the @, with spaces for dots."""
    return email.split("@")[0].replace(".", " ")


class Command(BaseCommand):
    help = (
        "Creates a superuser. With --noinput, the password is read from "
        "DJANGO_SUPERUSER_PASSWORD; DJANGO_SUPERUSER_EMAIL and DJANGO_SUPERUSER_NAME "
        "can replace --email and --name."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default=os.environ.get("DJANGO_SUPERUSER_EMAIL"))
        parser.add_argument("--name", default=os.environ.get("DJANGO_SUPERUSER_NAME"))
        parser.add_argument("--noinput", "--no-input", action="store_false", dest="interactive")

    def handle(self, *args: Any, **options: Any) -> None:
        interactive: bool = options["interactive"]
        email = options["email"] or (input("Email address: ") if interactive else "")
        name = options["name"] or (input("Name: ") if interactive else "") or _name_in(email)
        password = os.environ.get("DJANGO_SUPERUSER_PASSWORD") or ""
        if not email or not (password or interactive):
            raise CommandError("Set --email, and the password in DJANGO_SUPERUSER_PASSWORD.")
        password = password or self._ask_password()
        try:
            check_strength(password)
            with transaction.atomic():
                stamp(connection)
                User.objects.create_superuser(
                    email=email, name=name, password=password, email_verified_at=now()
                )
        except Invalid as refusal:
            raise CommandError(refusal.text) from refusal
        except IntegrityError as error:
            raise CommandError(f"There is already an account for {email}.") from error
        self.stdout.write(f"Created superuser {email}. The admin is at /admin/.")

    def _ask_password(self) -> str:
        while True:
            password = getpass.getpass("Password: ")
            try:
                check_strength(password)
            except WeakPassword as refusal:
                self.stderr.write(refusal.text)
                continue
            if password == getpass.getpass("Password (again): "):
                return password
            self.stderr.write("The passwords do not match.")
