"""manage.py load_demo: demo events and their people, for development."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from boxoffice.demo import load_demo
from evently import demo_logins
from evently.errors import DomainError


class Command(BaseCommand):
    help = "Load demo events in every state, and two logins. Development only; runs once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load what is missing, and say which logins there are."""
        try:
            made = load_demo()
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal
        if made:
            self.stdout.write(f"Loaded {made} demo events.")
        else:
            self.stdout.write("The demo events are there already.")
        self.stdout.write(
            f"Log in as {demo_logins.ORGANIZER} or {demo_logins.ATTENDEE}, "
            f"password {demo_logins.PASSWORD}."
        )
