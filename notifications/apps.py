"""The notifications app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class NotificationsConfig(AppConfig):
    """Notifies users in the app and by email."""

    name = "notifications"

    def ready(self) -> None:
        """Connect the receivers, register gauges and the names of preferences."""
        from evently import health
        from evently.accounts.preference_names import register_preferences
        from notifications import checks, copying, gauges, receivers, waitlist_receivers  # noqa: F401
        from notifications.preferences import preference_names
        from notifications.providers.health import status
        from notifications.writing.limit import set_limit

        post_migrate.connect(set_limit, sender=self, dispatch_uid="notifications.writing.limit")
        health.add_line("email", status)
        register_preferences(preference_names())
