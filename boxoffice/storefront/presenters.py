"""What the storefront's templates show of an event, its waitlist included."""

from collections.abc import Sequence
from datetime import datetime

from events.models import Event
from events.presenters import EventPresenter
from waitlists.availability import Seats, WaitlistSummary, seats_of, waitlist_summaries


class EventCard(EventPresenter):
    """An event in a list, with its seats."""

    def __init__(self, event: Event, *, at: datetime, seats: Seats) -> None:
        """Wrap an event; at: the time of the page."""
        super().__init__(event, at=at)
        self.seats = seats


def event_cards(events: Sequence[Event], *, at: datetime) -> list[EventCard]:
    """Return events as cards; the waitlists of all of them cost one query."""
    waitlists = waitlist_summaries([event.pk for event in events]) if events else {}
    return [
        EventCard(event, at=at, seats=seats_of(event, waitlists.get(event.pk, WaitlistSummary())))
        for event in events
    ]
