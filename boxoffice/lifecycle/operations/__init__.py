"""Every write that ends an event or removes a person's account."""

from boxoffice.lifecycle.operations.events import (
    EventAlreadyCancelled,
    EventHasBookings,
    cancel_event,
    complete_event,
    continue_cancellation,
    delete_event,
)
from boxoffice.lifecycle.operations.people import (
    OrganizerStays,
    delete_person,
    erase_person,
)

__all__ = [
    "EventAlreadyCancelled",
    "EventHasBookings",
    "OrganizerStays",
    "cancel_event",
    "complete_event",
    "continue_cancellation",
    "delete_event",
    "delete_person",
    "erase_person",
]
