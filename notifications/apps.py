"""Notifications as a Django app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Telling people: in the app and by mail."""

    name = "notifications"

    def ready(self) -> None:
        """Start listening to the facts of the apps below, and show how many messages wait."""
        from evently.metrics import gauge_on_scrape
        from notifications import queries, receivers  # noqa: F401

        gauge_on_scrape(
            "evently_messages_pending",
            "Messages not delivered yet.",
            lambda: float(queries.pending_count()),
        )
