"""Waitlists as a Django app."""

from django.apps import AppConfig


class WaitlistsConfig(AppConfig):
    """Waitlists."""

    name = "waitlists"

    def ready(self) -> None:
        """Start listening to the facts of the apps below."""
        from waitlists import receivers  # noqa: F401
