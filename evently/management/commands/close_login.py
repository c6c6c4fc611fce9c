"""Take from the application's login the rights that earlier releases worked with."""

from typing import Any

from django.core.management.base import BaseCommand

from evently.row_security.applying import close_login


class Command(BaseCommand):
    help = (
        "Takes all rights of its own from the application's login, once every process runs a "
        "release that takes a role for each statement. New databases need this not."
    )

    def handle(self, **options: Any) -> None:
        """Close the login, as the owner; may be repeated."""
        if close_login("owner"):
            self.stdout.write("The login has no rights of its own any more; it takes roles.")
        else:
            self.stdout.write("The login had no rights of its own.")
