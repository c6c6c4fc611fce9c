"""Switch off the demo's logins, on a database that goes from development to real use."""

from typing import Any

from django.core.management.base import BaseCommand

from evently import demo_logins


class Command(BaseCommand):
    help = (
        "Switches off the demo's logins, whose password everybody knows. Demo events stay: cancel "
        "or delete them in the admin. `createsuperuser` makes a superuser of your own."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Switch them off, and say which."""
        closed = demo_logins.close_logins()
        self.stdout.write(
            f"Switched off: {', '.join(closed)}." if closed else "No demo login was open."
        )
