"""The waitlists app."""

from django.apps import AppConfig


class WaitlistsConfig(AppConfig):
    name = "waitlists"

    def ready(self) -> None:
        # Imported for their effect: connect the receivers, register gauges.
        from events.draws import find_draws_with
        from events.sale import count_waitlists_with
        from waitlists import gauges, receivers  # noqa: F401
        from waitlists.availability import count_waitlists
        from waitlists.draw_queries import newest_draws

        count_waitlists_with(count_waitlists)
        find_draws_with(newest_draws)
