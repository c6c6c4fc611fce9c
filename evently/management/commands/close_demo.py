"""Deactivate the demo's logins, on a database that goes from development to production."""

from typing import Any

from django.core.management.base import BaseCommand

from evently import demo_logins


class Command(BaseCommand):
    help = (
        "Deactivates the demo's logins, whose password is public. Demo events remain: cancel or "
        "delete them in the admin. `createsuperuser` creates a superuser."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        closed = demo_logins.close_logins()
        self.stdout.write(
            f"Deactivated: {', '.join(closed)}." if closed else "No demo login was active."
        )
