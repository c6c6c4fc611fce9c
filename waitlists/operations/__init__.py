"""Every write of the waitlist."""

from waitlists.locks import EntryNotFound, PromotionNotFound
from waitlists.operations.by_hand import (
    NoRoomBetween,
    OnWaitlist,
    ReasonRequired,
    SeatsMissing,
    book_out_of_order,
    offer_by_hand,
    place_entry,
)
from waitlists.operations.changing import announce_outgrown, lower_min_quantity
from waitlists.operations.confirming import confirm_entries_of, confirm_entry
from waitlists.operations.draws import (
    TO_BEACON,
    DrawClosed,
    DrawExists,
    DrawNotDue,
    DrawNotFound,
    DrawOverdue,
    DrawTimes,
    advance_draw,
    announce_draw,
    call_off_draw,
    end_overdue_draw,
    freeze_draw,
    reveal_draw,
)
from waitlists.operations.guests import join_as_guest
from waitlists.operations.joining import (
    join_waitlist,
    leave_waitlist,
    move_waiting_ends,
)
from waitlists.operations.promotions import (
    PromotionClosed,
    PromotionExpired,
    accept_promotion,
    decline_promotion,
    expire_promotions,
    promote_waiting,
    repair_waitlist,
)
from waitlists.operations.refusals import (
    AlreadyWaiting,
    NotWaiting,
    OffersLapsed,
    PlaceLimit,
    RejoinedTooOften,
    SeatsAvailable,
)

__all__ = [
    "TO_BEACON",
    "AlreadyWaiting",
    "DrawClosed",
    "DrawExists",
    "DrawNotDue",
    "DrawNotFound",
    "DrawOverdue",
    "DrawTimes",
    "EntryNotFound",
    "NoRoomBetween",
    "NotWaiting",
    "OffersLapsed",
    "OnWaitlist",
    "PlaceLimit",
    "PromotionClosed",
    "PromotionExpired",
    "PromotionNotFound",
    "ReasonRequired",
    "RejoinedTooOften",
    "SeatsAvailable",
    "SeatsMissing",
    "accept_promotion",
    "advance_draw",
    "announce_draw",
    "announce_outgrown",
    "book_out_of_order",
    "call_off_draw",
    "confirm_entries_of",
    "confirm_entry",
    "decline_promotion",
    "end_overdue_draw",
    "expire_promotions",
    "freeze_draw",
    "join_as_guest",
    "join_waitlist",
    "leave_waitlist",
    "lower_min_quantity",
    "move_waiting_ends",
    "offer_by_hand",
    "place_entry",
    "promote_waiting",
    "repair_waitlist",
    "reveal_draw",
]
