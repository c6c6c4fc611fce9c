"""Configuration of the bookings app."""

from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "bookings"

    def ready(self) -> None:
        """Connect the receivers."""
        from bookings import receivers  # noqa: F401
