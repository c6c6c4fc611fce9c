"""The notifications app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Notifies users in the app and by email."""

    name = "notifications"

    def ready(self) -> None:
        """Connect the receivers, and add the number of undelivered notifications to the metrics."""
        from evently.metrics import gauge_on_scrape
        from notifications import queries, receivers  # noqa: F401

        gauge_on_scrape(
            "evently_messages_pending",
            "Notifications not delivered yet.",
            lambda: float(queries.pending_count()),
        )
