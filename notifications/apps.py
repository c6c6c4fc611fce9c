"""The notifications app."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Notifies users in the app and by email."""

    name = "notifications"

    def ready(self) -> None:
        """Connect the receivers, register gauges and the names of preferences."""
        from evently.accounts.preference_names import register_preferences
        from notifications import checks, gauges, receivers  # noqa: F401
        from notifications.preferences import preference_names

        register_preferences(preference_names())
