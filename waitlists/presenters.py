"""Places in line and offers as pages show them; the receipt of a place in line."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max
from django.urls import reverse

from bookings.models import Booking
from evently.formatting import seats, times
from evently.links import sign_link
from evently.pages import Presenter
from events.presenters import EventPresenter
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.queries import seats_returned_lately


class EntryPresenter(Presenter):
    """A place in line at a moment, with its event and the offer it has, if one is open."""

    def __init__(
        self, entry: WaitlistEntry, *, at: datetime, promotion: Promotion | None = None
    ) -> None:
        """Wrap an entry; `event` must be loaded. promotion: its pending offer."""
        super().__init__(entry)
        self.event = EventPresenter(entry.event, at=at)
        self.promotion = promotion
        self.is_offered = promotion is not None and promotion.is_open(at=at)
        self.is_booked = entry.status == EntryStatus.BOOKED
        self.has_left = entry.status == EntryStatus.LEFT


class PromotionPresenter(Presenter):
    """An offer at a moment, with what claiming it costs now."""

    def __init__(self, promotion: Promotion, *, at: datetime) -> None:
        """Wrap an offer; `event` and `waitlist` must be loaded."""
        super().__init__(promotion)
        self.event = EventPresenter(promotion.event, at=at)
        self.current_unit_price = min(promotion.unit_price, promotion.event.current_price)
        self.total_amount = self.current_unit_price * promotion.quantity
        self.is_open = promotion.is_open(at=at) and not promotion.event.is_cancelled
        self.is_used = promotion.status == PromotionStatus.USED
        self.is_declined = promotion.status == PromotionStatus.DECLINED


@dataclass(frozen=True)
class EntryAddresses:
    """Where the pages of a place in line are: its owner's own, or behind a mailed link."""

    detail: str
    leave: str
    by_link: bool = False

    @classmethod
    def own(cls, entry: WaitlistEntry) -> "EntryAddresses":
        """Return those for somebody logged in."""
        return cls(
            detail=reverse("waitlist_entry", args=[entry.pk]),
            leave=reverse("leave_waitlist", args=[entry.pk]),
        )

    @classmethod
    def behind(cls, token: str) -> "EntryAddresses":
        """Return those behind a mailed link."""
        return cls(
            detail=reverse("entry_link", args=[token]),
            leave=reverse("entry_link_leave", args=[token]),
            by_link=True,
        )


@dataclass(frozen=True)
class OfferAddresses:
    """Where the pages of an offer are: its owner's own, or behind a mailed link."""

    detail: str
    accept: str
    decline: str
    by_link: bool = False

    @classmethod
    def own(cls, promotion: Promotion) -> "OfferAddresses":
        """Return those for somebody logged in."""
        return cls(
            detail=reverse("promotion", args=[promotion.pk]),
            accept=reverse("accept_promotion", args=[promotion.pk]),
            decline=reverse("decline_promotion", args=[promotion.pk]),
        )

    @classmethod
    def behind(cls, token: str) -> "OfferAddresses":
        """Return those behind a mailed link."""
        return cls(
            detail=reverse("promotion_link", args=[token]),
            accept=reverse("promotion_link_accept", args=[token]),
            decline=reverse("promotion_link_decline", args=[token]),
            by_link=True,
        )

    def booking(self, booking: Booking) -> str:
        """Return where what was claimed is shown."""
        if not self.by_link:
            return reverse("booking_done", args=[booking.pk])
        token = sign_link(purpose="booking", row_id=booking.pk, event_id=booking.event_id)
        return reverse("booking_link_done", args=[token])


def chance(entry_event: Any) -> str:
    """Say what is known of the chance that seats come back."""
    returned = seats_returned_lately(event_id=entry_event.pk)
    if not returned:
        return "No seats came back in the last 14 days."
    return f"{seats(returned)} came back in the last 14 days."


def receipt(entry: WaitlistEntry) -> list[dict[str, Any]]:
    """Return what happened to a place in line, newest first, as components/timeline.html has it.

    From facts only: when they joined, what was offered since and how that ended, how often
    somebody behind was asked because too few seats were free, and an organizer's override.
    """
    offers = entry.promotions.filter(event_id=entry.event_id).order_by("promoted_at", "id")
    steps = [_joined(entry)]
    for offer in offers:
        if offer.promoted_at >= entry.joined_at:
            steps += _offered(offer)
        else:
            steps = [*_offered(offer), *steps]
    steps.sort(key=lambda step: step["at"])
    if entry.is_waiting:
        steps = sorted([*steps, *_moved_up(entry)], key=lambda step: step["at"])
    if entry.passed_over:
        steps.append(_passed_over(entry))
    if entry.priority_reason:
        steps.append(
            {
                "icon": "list-ordered",
                "tone": "info",
                "title": "The organizer changed your place in line",
                "text": f"Their reason: {entry.priority_reason}",
                "at": entry.updated_at,
            }
        )
    if entry.is_waiting and entry.position is not None:
        steps.append(_standing(entry))
    elif entry.status == EntryStatus.LEFT and not any(step.get("ends") for step in steps):
        steps.append({"icon": "log-out", "title": "You left the line", "at": entry.updated_at})
    elif entry.status == EntryStatus.EXPIRED and not any(step.get("ends") for step in steps):
        steps.append({"icon": "lock", "title": "The line was closed", "at": entry.updated_at})
    return steps[::-1]


def _joined(entry: WaitlistEntry) -> dict[str, Any]:
    text = f"For {seats(entry.quantity)}"
    if entry.min_quantity != entry.quantity:
        text += f", or at least {entry.min_quantity}"
    return {
        "icon": "hourglass",
        "tone": "waiting",
        "title": "You joined the line",
        "text": f"{text}. Your place counts from this moment.",
        "at": entry.joined_at,
    }


def _offered(offer: Promotion) -> list[dict[str, Any]]:
    """Return an offer and, where it has ended, its end."""
    steps: list[dict[str, Any]] = [
        {
            "icon": "sparkles",
            "tone": "good",
            "title": f"{seats(offer.quantity)} {'was' if offer.quantity == 1 else 'were'} "
            "kept for you",
            "text": f"Because {offer.promotion_reason}." if offer.promotion_reason else "",
            "at": offer.promoted_at,
        }
    ]
    them = "it" if offer.quantity == 1 else "them"
    ends = {
        PromotionStatus.USED: ("ticket", "good", f"You claimed {them}"),
        PromotionStatus.DECLINED: ("log-out", "", f"You let {them} pass, to the next in line"),
        PromotionStatus.EXPIRED: ("clock", "bad", "The time ran out, and the next was asked"),
    }
    if offer.status in ends:
        icon, tone, title = ends[PromotionStatus(offer.status)]
        at = offer.ended_at or offer.expires_at
        steps.append({"icon": icon, "tone": tone, "title": title, "at": at, "ends": True})
    return steps


def _moved_up(entry: WaitlistEntry) -> list[dict[str, Any]]:
    """Return why an entry moved up: who stood before it was asked, or left. Nobody is named."""
    before = WaitlistEntry.objects.filter(event_id=entry.event_id, joined_at__lt=entry.joined_at)
    asked = Promotion.objects.filter(
        event_id=entry.event_id,
        waitlist_id__in=before.values("pk"),
        promoted_at__gt=entry.joined_at,
    ).aggregate(people=Count("waitlist_id", distinct=True), at=Max("promoted_at"))
    left = before.filter(
        status__in=[EntryStatus.LEFT, EntryStatus.EXPIRED],
        updated_at__gt=entry.joined_at,
        promotions__isnull=True,
    ).aggregate(people=Count("pk"), at=Max("updated_at"))
    steps = []
    for fact, icon, words in (
        (asked, "sparkles", "before you {was} asked, and you moved up"),
        (left, "footprints", "before you left the line, and you moved up"),
    ):
        if people := fact["people"]:
            who, was = ("1 person", "was") if people == 1 else (f"{people} people", "were")
            title = f"{who} {words.format(was=was)}"
            steps.append({"icon": icon, "title": title, "at": fact["at"]})
    return steps


def _passed_over(entry: WaitlistEntry) -> dict[str, Any]:
    return {
        "icon": "info",
        "title": f"Too few seats came back for you, {times(entry.passed_over)}",
        "text": f"They went to people behind you who needed fewer than {entry.min_quantity}. "
        "You kept your place.",
        "at": entry.updated_at,
    }


def _standing(entry: WaitlistEntry) -> dict[str, Any]:
    ahead = (entry.position or 1) - 1
    text = "You are next."
    if ahead:
        text = f"{'1 person is' if ahead == 1 else f'{ahead} people are'} asked before you."
    return {
        "icon": "users",
        "tone": "info",
        "title": f"You are number {entry.position} in line now",
        "text": text,
        "at": entry.updated_at,
    }
