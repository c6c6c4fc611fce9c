"""What an offer, once ended, leaves of a place on the waitlist, and what it means if it runs out.

The same sentences stand on pages, in notifications and in emails. They say what the rows say at
that moment.
"""

from datetime import datetime

from bookings.models import Booking
from evently.formatting import moment_for, seats
from waitlists.claim_windows import LAPSES_UNTIL_SHORTEST, MINUTE, SHORTEST
from waitlists.models import MOST_LAPSES, Promotion, PromotionStatus, WaitlistEntry

RANKS_BEHIND = "your place ranks behind those of people who let fewer offers run out"


# ── The place ───────────────────────────────────────────────────────────────
def is_of_this_joining(offer: Promotion, entry: WaitlistEntry) -> bool:
    """Tell whether the entry has not been joined again since the offer."""
    return offer.promoted_at >= entry.joined_at


def keeps_place(offer: Promotion, entry: WaitlistEntry) -> bool:
    """Tell whether the entry waits on, at its place, after the offer has ended."""
    return not offer.is_pending and entry.is_waiting and is_of_this_joining(offer, entry)


def place_text(offer: Promotion, entry: WaitlistEntry) -> str:
    """Return what became of the place of an offer that was claimed or declined; may be ""."""
    if not is_of_this_joining(offer, entry):
        return "You have joined this waitlist again since." if entry.is_open else ""
    if entry.has_offer:
        return "You have kept your place, and seats are held for you again."
    at = f", at position {entry.position}" if entry.position else ""
    if offer.seats_accepted is not None:
        if entry.is_waiting:
            return f"You keep your place on the waitlist for the other {entry.quantity}{at}."
        is_part = offer.seats_accepted < offer.quantity
        return "You have left the waitlist." if is_part else ""
    if entry.is_waiting:
        return (
            f"You keep your place on the waitlist{at}. From now on, you need at least "
            f"{seats(entry.min_quantity)}."
        )
    return "You have left the waitlist."


def offer_text(offer: Promotion, entry: WaitlistEntry) -> str:
    """Return what an open offer smaller than asked for leaves of the place; "" for others."""
    missing = entry.quantity - offer.quantity
    if missing <= 0:
        return ""
    these = "this one" if offer.quantity == 1 else f"these {offer.quantity}"
    return (
        f"You asked for {seats(entry.quantity)}. Claim {these} and keep your place for the other "
        f"{missing}; you can leave the waitlist with one click afterwards. If you "
        f"decline, you keep your place too, and need more than {offer.quantity} from then on. If "
        "you do neither, the offer runs out and you lose your place."
    )


def claimed_text(offer: Promotion) -> str:
    """Return how many seats of a used offer were claimed."""
    claimed = offer.seats_accepted or 0
    if claimed < offer.quantity:
        return f"You claimed {claimed} of {seats(offer.quantity)}"
    return "You claimed this seat" if claimed == 1 else "You claimed these seats"


def claimed_note(booking: Booking) -> str:
    """Return what a booking made of an offer leaves of the place; "" where that is nothing."""
    offer = (
        Promotion.objects.filter(event_id=booking.event_id, booking_id=booking.pk)
        .select_related("waitlist")
        .first()
    )
    return kept_place_note(offer)


def kept_place_note(offer: Promotion | None) -> str:
    """Return what a booking made of an offer leaves of the place; its entry is loaded."""
    if offer is None or not keeps_place(offer, offer.waitlist):
        return ""
    rest = offer.waitlist.quantity
    return (
        f"You have claimed {offer.seats_accepted} of {seats(offer.quantity + rest)}, and keep your "
        f"place on the waitlist for the other {rest}. If you do not want "
        f"{'it' if rest == 1 else 'them'}, please leave the waitlist."
    )


def choice_text(offered: int, accepted: int, *, missing: int) -> str:
    """Return what becomes of the place and the other seats if so many of an offer are accepted.

    missing: seats that the entry asked for besides those offered.
    """
    rest = offered - accepted
    if rest:
        goes = "seat goes" if rest == 1 else f"{rest} seats go"
        return (
            f"The other {goes} to the next person at once, or back on sale. You leave the waitlist."
        )
    return f"You keep your place for the other {missing}." if missing else ""


# ── Offers that run out ─────────────────────────────────────────────────────
def lapse_text(offer: Promotion, entry: WaitlistEntry) -> str:
    """Return what it means that an offer ran out; "" where it did not."""
    is_expired = offer.status == PromotionStatus.EXPIRED
    if is_expired and offer.is_unreached:
        return (
            "No message about it is known to have reached you, so this does not count against you."
        )
    if is_expired and offer.is_at_night:
        return "It was night, so this does not count against you."
    if not offer.has_lapsed or not entry.lapses:
        return ""
    late = (
        ""
        if is_expired
        else "More than half of its time had passed, so this counts as an offer that ran out. "
    )
    return late + consequences(entry.lapses)


def consequences(lapses: int) -> str:
    """Return what it means that so many offers of an event ran out; "" for none."""
    if not lapses:
        return ""
    if lapses >= MOST_LAPSES:
        return (
            f"{lapses} offers to you have run out, so you cannot join this waitlist again. You can "
            "still book when seats are on sale."
        )
    if lapses >= LAPSES_UNTIL_SHORTEST:
        return (
            f"{lapses} offers to you have run out: if you join again, {RANKS_BEHIND}, and offers "
            f"to you last {SHORTEST // MINUTE} minutes at most. After one more, you cannot join "
            "again."
        )
    return f"If you join again, {RANKS_BEHIND}, and your next offer lasts a quarter as long."


def decline_note(offer: Promotion, *, at: datetime) -> str:
    """Return until when declining an open offer does not count as letting it run out."""
    if offer.is_at_night:
        return "All of this time is night, so it does not count against you if the offer runs out."
    if at < offer.half_over_at:
        until = moment_for(offer.half_over_at, offer.event.zone, offer.waitlist.own_zone)
        return (
            f"If you cannot come, please decline by {until}. An offer that runs out, or is "
            f"declined later, counts: if you join again, {RANKS_BEHIND}."
        )
    return (
        "More than half of the time is over, so declining now counts like letting the offer run "
        "out. It still lets the next person have the seats sooner."
    )
