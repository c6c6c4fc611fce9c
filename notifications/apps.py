"""The notifications app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Notifies users in the app and by email."""

    name = "notifications"

    def ready(self) -> None:
        """Connect the receivers, register gauges and the names of preferences."""
        from evently import health
        from evently.accounts.preference_names import register_preferences
        from notifications import checks, gauges, receivers  # noqa: F401
        from notifications.preferences import preference_names
        from notifications.providers.health import status

        health.add_line("email", status)
        register_preferences(preference_names())
