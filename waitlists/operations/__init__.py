"""Every write of the line, and what needs bookings and the line at once."""

from waitlists.operations.closing import (
    EventAlreadyCancelled,
    EventHasBookings,
    EventIsOver,
    cancel_event,
    complete_event,
    continue_cancellation,
    delete_event,
)
from waitlists.operations.guests import join_as_guest
from waitlists.operations.joining import (
    AlreadyWaiting,
    EntryNotFound,
    NotWaiting,
    SeatsAvailable,
    join_waitlist,
    leave_waitlist,
    move_waiting_ends,
)
from waitlists.operations.people import OrganizerStays, PersonNotFound, erase_person, remove_person
from waitlists.operations.priority import ReasonRequired, set_priority
from waitlists.operations.promotions import (
    PromotionClosed,
    PromotionExpired,
    PromotionNotFound,
    accept_promotion,
    decline_promotion,
    expire_promotions,
    promote_waiting,
    repair_line,
)

__all__ = [
    "AlreadyWaiting",
    "EntryNotFound",
    "EventAlreadyCancelled",
    "EventHasBookings",
    "EventIsOver",
    "NotWaiting",
    "OrganizerStays",
    "PersonNotFound",
    "PromotionClosed",
    "PromotionExpired",
    "PromotionNotFound",
    "ReasonRequired",
    "SeatsAvailable",
    "accept_promotion",
    "cancel_event",
    "complete_event",
    "continue_cancellation",
    "decline_promotion",
    "delete_event",
    "erase_person",
    "expire_promotions",
    "join_as_guest",
    "join_waitlist",
    "leave_waitlist",
    "move_waiting_ends",
    "promote_waiting",
    "remove_person",
    "repair_line",
    "set_priority",
]
