"""The box office as a Django app."""

from django.apps import AppConfig


class BoxofficeConfig(AppConfig):
    """What needs events, bookings, the waitlist and notifications at once."""

    name = "boxoffice"

    def ready(self) -> None:
        """Connect the receivers."""
        from boxoffice.lifecycle import receivers  # noqa: F401
