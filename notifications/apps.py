"""The notifications app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Notifies users in the app and by email."""

    name = "notifications"

    def ready(self) -> None:
        """Connect the receivers, and register gauges."""
        from notifications import gauges, receivers  # noqa: F401
