"""The tasks that keep the figures of events."""

from celery import shared_task

from boxoffice.figures import agreement, counters, lost_demand_rolling, rolling
from evently.database.clock import now
from events.models import Resolution


@shared_task
def roll_up_minutes() -> None:
    """Take over what the broker has counted, and write the figures of the last minutes."""
    counters.take_over()
    rolling.roll_up(Resolution.MINUTE)


@shared_task
def roll_up_hours() -> None:
    """Write the figures of the last hours, and those of today."""
    for resolution in (Resolution.HOUR, Resolution.DAY):
        rolling.roll_up(resolution)
        counters.roll_up(resolution)


@shared_task
def roll_up_lost_demand() -> None:
    """Count who was refused seats, of the events that are due."""
    lost_demand_rolling.roll_up()


@shared_task
def check_analytics() -> None:
    """Write the figures of the last weeks anew, after noting where they differed."""
    agreement.check_all(at=now(), mend=True)
    agreement.check_lost_demand(at=now(), mend=True)
