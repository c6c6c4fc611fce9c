"""Create, list and drop the logins of analysts: `manage.py create_analyst NAME`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from boxoffice.analysts import roles
from evently.errors import DomainError
from evently.formatting import counted


class Command(BaseCommand):
    help = (
        "Creates a login of the database that can read the schema `analytics` and nothing else, "
        "and prints its password, once. docs/analysts.md says what is in there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help="Name of the login, such as ana_lyst.")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--list", action="store_true", help="List the logins that there are.")
        act.add_argument("--drop", action="store_true", help="Delete the login.")
        act.add_argument(
            "--new-password", action="store_true", help="Give the login another password."
        )

    def handle(self, *args: Any, name: str | None, **options: Any) -> None:
        connection = connections["owner"]
        if options["list"]:
            return self._list(connection)
        if not name:
            raise CommandError("Give the name of a login, or --list.")
        try:
            if options["drop"]:
                roles.drop_analyst(connection, name)
                return self.stdout.write(f"{name} is deleted, its sessions are ended.")
            if options["new_password"]:
                password = roles.new_password(connection, name)
            else:
                password = roles.create_analyst(connection, name)
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal
        where = connection.settings_dict
        self.stdout.write(
            f"{name} can read the schema analytics. The password is not shown again:\n"
            f"{password}\n"
            f"Connect with: psql -h {where['HOST'] or 'localhost'} -p {where['PORT'] or 5432}"
            f" -U {name} {where['NAME']}"
        )
        return None

    def _list(self, connection: Any) -> None:
        found = roles.analysts(connection)
        for name, sessions in found:
            self.stdout.write(f"{name} ({counted(sessions, 'session')})")
        if not found:
            self.stdout.write("There are no analysts.")
