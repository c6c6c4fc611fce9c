"""Notifications as a Django app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Telling people: in the app and by mail."""

    name = "notifications"

    def ready(self) -> None:
        """Start listening to the facts of the apps below."""
        from notifications import receivers  # noqa: F401
