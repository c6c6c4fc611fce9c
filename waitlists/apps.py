"""The waitlists app."""

from django.apps import AppConfig


class WaitlistsConfig(AppConfig):
    name = "waitlists"

    def ready(self) -> None:
        # Imported for its effect: connects the receivers.
        from waitlists import receivers  # noqa: F401
