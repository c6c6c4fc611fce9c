"""manage.py load_demo: load demo events and users, for development."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from boxoffice.demo import load_demo
from evently import demo_logins
from evently.errors import DomainError
from evently.formatting import counted


class Command(BaseCommand):
    help = "Load demo events in every state, and two logins. For development only."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = load_demo()
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal
        if count:
            self.stdout.write(f"Loaded {counted(count, 'demo event')}.")
        else:
            self.stdout.write("All demo events exist already.")
        self.stdout.write(
            f"Log in as {demo_logins.ORGANIZER} or {demo_logins.ATTENDEE}, "
            f"password {demo_logins.PASSWORD}."
        )
