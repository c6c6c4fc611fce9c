"""The waitlists app."""

from django.apps import AppConfig


class WaitlistsConfig(AppConfig):
    name = "waitlists"

    def ready(self) -> None:
        # Imported for their effect: connect the receivers, register gauges.
        from events.sale import count_waitlists_with
        from waitlists import gauges, receivers  # noqa: F401
        from waitlists.availability import count_waitlists

        count_waitlists_with(count_waitlists)
