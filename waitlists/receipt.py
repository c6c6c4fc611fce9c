"""The receipt of a waitlist entry: what has happened to it, and why.

Built from stored facts only: when the user joined, what was offered and how that ended, what
happened to the entries ahead, how often the entry was passed over, and an organizer's change of
priority. Other people are counted, never named.
"""

from typing import Any
from uuid import UUID

from django.db.models import Count, Max

from evently.formatting import counted, seats
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.promotions import SEATS_FREED
from waitlists.queries import RECENT, seats_returned_lately

# Reasons as they were stored by earlier versions, and what is shown for them.
EARLIER_REASONS = {"seats came free": SEATS_FREED}


def returned_seats_text(event_id: UUID) -> str:
    """Return how many seats were cancelled lately, as a hint at the chances of an entry."""
    returned = seats_returned_lately(event_id=event_id)
    number = seats(returned) if returned else "No seats"
    was = "was" if returned == 1 else "were"
    return f"{number} {was} cancelled in the last {RECENT.days} days."


def receipt(entry: WaitlistEntry) -> list[dict[str, Any]]:
    """Return the steps of an entry, newest first, as components/timeline.html shows them.

    A step has `title` and `at`, mostly `icon`, `tone` and `text`, and `ends` if it ended an offer.
    """
    offers = entry.promotions.filter(event_id=entry.event_id).order_by("promoted_at", "id")
    steps = [_joined(entry)]
    for offer in offers:
        # The user may have joined again since: `joined_at` is then later than earlier offers.
        if offer.promoted_at >= entry.joined_at:
            steps += _offered(offer)
        else:
            steps = [*_offered(offer), *steps]
    steps.sort(key=lambda step: step["at"])
    if entry.is_waiting:
        others = [*_moved_up(entry), *_offered_out_of_order(entry)]
        steps = sorted([*steps, *others], key=lambda step: step["at"])
    # The last steps describe the present, so they come last whatever their time.
    if entry.passed_over:
        steps.append(_passed_over(entry))
    if entry.priority_reason:
        steps.append(_priority_changed(entry))
    if entry.is_outgrown(capacity=entry.event.total_capacity):
        steps.append(_outgrown(entry))
    if entry.is_waiting and entry.position is not None:
        steps.append(_position_now(entry))
    elif not any(step.get("ends") for step in steps):
        steps += _ended(entry)
    return steps[::-1]


def _joined(entry: WaitlistEntry) -> dict[str, Any]:
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


def _offered(offer: Promotion) -> list[dict[str, Any]]:
    """Return the step of an offer and, if it has ended, the step of its end."""
    reason = EARLIER_REASONS.get(offer.promotion_reason, offer.promotion_reason)
    text = f"Because {reason}." if reason else ""
    if offer.organizer_reason:
        order = " out of order" if (offer.position_before or 1) > 1 else ""
        text = f"The organizer made this offer{order}. Reason: {offer.organizer_reason}"
    steps: list[dict[str, Any]] = [
        {
            "icon": "sparkles",
            "tone": "good",
            "title": f"{seats(offer.quantity)} {'was' if offer.quantity == 1 else 'were'} "
            "held for you",
            "text": text,
            "at": offer.promoted_at,
        }
    ]
    it = "it" if offer.quantity == 1 else "them"
    ends = {
        PromotionStatus.USED: ("ticket", "good", f"You claimed {it}"),
        PromotionStatus.DECLINED: ("log-out", "", "You declined the offer"),
        PromotionStatus.EXPIRED: ("clock", "bad", "The offer expired"),
    }
    if offer.status in ends:
        icon, tone, title = ends[PromotionStatus(offer.status)]
        at = offer.ended_at or offer.expires_at
        steps.append({"icon": icon, "tone": tone, "title": title, "at": at, "ends": True})
    return steps


def _moved_up(entry: WaitlistEntry) -> list[dict[str, Any]]:
    """Return what became of entries that joined earlier: offered seats, or no longer waiting."""
    ahead = WaitlistEntry.objects.filter(event_id=entry.event_id, joined_at__lt=entry.joined_at)
    offered = Promotion.objects.filter(
        event_id=entry.event_id,
        waitlist_id__in=ahead.values("pk"),
        promoted_at__gt=entry.joined_at,
    ).aggregate(people=Count("waitlist_id", distinct=True), at=Max("promoted_at"))
    left = ahead.filter(
        status__in=[EntryStatus.LEFT, EntryStatus.EXPIRED],
        updated_at__gt=entry.joined_at,
        promotions__isnull=True,
    ).aggregate(people=Count("pk"), at=Max("updated_at"))
    steps = []
    for row, icon, text in (
        (offered, "sparkles", "{people} who joined before you {was} offered seats"),
        (left, "footprints", "{people} who joined before you {is_} no longer on the waitlist"),
    ):
        if number := row["people"]:
            people, one = counted(number, "person", "people"), number == 1
            title = text.format(
                people=people, was="was" if one else "were", is_="is" if one else "are"
            )
            steps.append({"icon": icon, "title": title, "at": row["at"]})
    return steps


def _offered_out_of_order(entry: WaitlistEntry) -> list[dict[str, Any]]:
    """Return the offers that an organizer made to others out of order while this entry waited."""
    offers = (
        Promotion.objects.filter(
            event_id=entry.event_id, position_before__gt=1, promoted_at__gt=entry.joined_at
        )
        .exclude(waitlist_id=entry.pk)
        .order_by("promoted_at", "id")
    )
    return [
        {
            "icon": "list-ordered",
            "tone": "info",
            "title": f"The organizer offered {seats(offer.quantity)} to another person out of "
            "order",
            "text": f"They were at position {offer.position_before}. "
            f"Reason: {offer.organizer_reason}",
            "at": offer.promoted_at,
        }
        for offer in offers
    ]


def _passed_over(entry: WaitlistEntry) -> dict[str, Any]:
    return {
        "icon": "info",
        "title": f"{counted(entry.passed_over, 'offer')} went to people behind you",
        "text": "Too few seats were available for you, as you asked for at least "
        f"{entry.min_quantity}.",
        "at": entry.updated_at,
    }


def _outgrown(entry: WaitlistEntry) -> dict[str, Any]:
    return {
        "icon": "info",
        "tone": "bad",
        "title": f"This event now has only {seats(entry.event.total_capacity)}",
        "text": f"You need at least {entry.min_quantity}, so no offer can be made to you. "
        "Lower the number you need, and you keep your position.",
        "at": entry.event.updated_at,
    }


def _priority_changed(entry: WaitlistEntry) -> dict[str, Any]:
    return {
        "icon": "list-ordered",
        "tone": "info",
        "title": "The organizer changed your priority",
        "text": f"Reason: {entry.priority_reason}",
        "at": entry.updated_at,
    }


def _position_now(entry: WaitlistEntry) -> dict[str, Any]:
    ahead = (entry.position or 1) - 1
    text = "No one is ahead of you."
    if ahead:
        text = f"{counted(ahead, 'person', 'people')} {'is' if ahead == 1 else 'are'} ahead of you."
    return {
        "icon": "users",
        "tone": "info",
        "title": f"You are now at position {entry.position} on the waitlist",
        "text": text,
        "at": entry.updated_at,
    }


def _ended(entry: WaitlistEntry) -> list[dict[str, Any]]:
    """Return the end of an entry that ended without an offer; nothing for other entries."""
    if entry.status == EntryStatus.LEFT:
        return [{"icon": "log-out", "title": "You left the waitlist", "at": entry.updated_at}]
    if entry.status == EntryStatus.EXPIRED:
        return [{"icon": "lock", "title": "Your waitlist entry expired", "at": entry.updated_at}]
    return []
