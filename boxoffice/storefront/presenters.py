"""Events as the storefront's templates show them, with seats and waitlist."""

from collections.abc import Sequence
from datetime import datetime

from events.models import Event
from events.presenters import EventPresenter
from waitlists.availability import Seats, WaitlistSummary, seats_of, waitlist_summaries


class EventCard(EventPresenter):
    """An event in a list, with its seats."""

    def __init__(self, event: Event, *, at: datetime, seats: Seats) -> None:
        super().__init__(event, at=at)
        self.seats = seats


def event_cards(events: Sequence[Event], *, at: datetime) -> list[EventCard]:
    """Return events as cards; one query for all their waitlists."""
    waitlists = waitlist_summaries([event.pk for event in events]) if events else {}
    return [
        EventCard(event, at=at, seats=seats_of(event, waitlists.get(event.pk, WaitlistSummary())))
        for event in events
    ]
