"""Steps of entries and offers that are older than the public record, from stored rows."""

from typing import Any

from evently.formatting import seats
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import SEATS_FREED

# Reasons as they were stored by earlier versions, and what is shown for them.
EARLIER_REASONS = {"seats came free": SEATS_FREED}
ENDS = {
    PromotionStatus.USED: ("ticket", "good", "You claimed {it}"),
    PromotionStatus.DECLINED: ("log-out", "", "You declined the offer"),
    PromotionStatus.EXPIRED: ("clock", "bad", "The offer expired"),
}


def joined(entry: WaitlistEntry) -> dict[str, Any]:
    text = f"For {seats(entry.quantity)}"
    if entry.min_quantity != entry.quantity:
        text += f", or at least {entry.min_quantity}"
    return {
        "icon": "hourglass",
        "tone": "waiting",
        "title": "You joined the waitlist",
        "text": f"{text}.",
        "at": entry.joined_at,
    }


def offered(offer: Promotion) -> list[dict[str, Any]]:
    """Return the step of an offer and, if it has ended, the step of its end."""
    reason = EARLIER_REASONS.get(offer.promotion_reason, offer.promotion_reason)
    text = f"Because {reason}." if reason else ""
    if offer.organizer_reason:
        order = " out of order" if (offer.position_before or 1) > 1 else ""
        text = f"The organizer made this offer{order}. Reason: {offer.organizer_reason}"
    were = "was" if offer.quantity == 1 else "were"
    steps = [
        {
            "icon": "sparkles",
            "tone": "good",
            "title": f"{seats(offer.quantity)} {were} held for you",
            "text": text,
            "at": offer.promoted_at,
        }
    ]
    if offer.status in ENDS:
        icon, tone, title = ENDS[PromotionStatus(offer.status)]
        title = title.format(it="it" if offer.quantity == 1 else "them")
        at = offer.ended_at or offer.expires_at
        steps.append({"icon": icon, "tone": tone, "title": title, "at": at})
    return steps


def ended(entry: WaitlistEntry) -> list[dict[str, Any]]:
    """Return the end of an entry that ended without an offer; nothing for other entries."""
    if entry.status == EntryStatus.LEFT:
        return [{"icon": "log-out", "title": "You left the waitlist", "at": entry.updated_at}]
    if entry.status == EntryStatus.EXPIRED:
        return [{"icon": "lock", "title": "Your waitlist entry expired", "at": entry.updated_at}]
    return []
