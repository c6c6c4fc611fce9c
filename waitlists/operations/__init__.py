"""Every write of the waitlist."""

from waitlists.locks import EntryNotFound, PromotionNotFound
from waitlists.operations.guests import join_as_guest
from waitlists.operations.joining import (
    AlreadyWaiting,
    NotWaiting,
    SeatsAvailable,
    join_waitlist,
    leave_waitlist,
    move_waiting_ends,
)
from waitlists.operations.priority import ReasonRequired, set_priority
from waitlists.operations.promotions import (
    PromotionClosed,
    PromotionExpired,
    accept_promotion,
    decline_promotion,
    expire_promotions,
    promote_waiting,
    repair_waitlist,
)

__all__ = [
    "AlreadyWaiting",
    "EntryNotFound",
    "NotWaiting",
    "PromotionClosed",
    "PromotionExpired",
    "PromotionNotFound",
    "ReasonRequired",
    "SeatsAvailable",
    "accept_promotion",
    "decline_promotion",
    "expire_promotions",
    "join_as_guest",
    "join_waitlist",
    "leave_waitlist",
    "move_waiting_ends",
    "promote_waiting",
    "repair_waitlist",
    "set_priority",
]
