"""The waitlists app."""

from django.apps import AppConfig


class WaitlistsConfig(AppConfig):
    name = "waitlists"

    def ready(self) -> None:
        # Imported for their effect: connect the receivers, register gauges.
        from waitlists import gauges, receivers  # noqa: F401
