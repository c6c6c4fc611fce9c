"""Waitlist entries and offers as pages show them, and the URLs of their pages."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from bookings.models import Booking
from evently.formatting import money
from evently.links import sign_link
from evently.pages import Presenter
from events.models import Event
from events.presenters import EventPresenter
from waitlists import outcomes
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry


class EntryPresenter(Presenter):
    """A waitlist entry at a time, with its event and its pending offer."""

    def __init__(
        self, entry: WaitlistEntry, *, at: datetime, promotion: Promotion | None = None
    ) -> None:
        """Needs `entry.event` loaded. promotion: its pending offer, if any."""
        super().__init__(entry)
        self.event = EventPresenter(entry.event, at=at)
        self.promotion = promotion
        self.is_offered = promotion is not None and promotion.is_open(at=at)
        self.is_booked = entry.status == EntryStatus.BOOKED
        self.has_left = entry.status == EntryStatus.LEFT
        self.min_needed = str(entry.min_quantity)
        self.consequences = outcomes.consequences(entry.lapses)
        self.needs_confirming = entry.is_waiting and not entry.is_confirmed
        self.is_outgrown = entry.is_outgrown(capacity=entry.event.total_capacity)
        # The largest number of seats that the entry can be lowered to need; 0 for none.
        self.can_need = (
            min(entry.min_quantity - 1, entry.event.total_capacity) if entry.is_waiting else 0
        )


@dataclass(frozen=True)
class SeatChoice:
    """A number of seats that can be claimed of an offer. text: what becomes of the others."""

    quantity: int
    total_amount: Decimal
    text: str


class PromotionPresenter(Presenter):
    """An offer at a time, with what claiming it costs now."""

    row: Promotion

    def __init__(self, promotion: Promotion, *, at: datetime) -> None:
        """Needs `promotion.event` and `promotion.waitlist` loaded."""
        super().__init__(promotion)
        self.at = at
        self.event = EventPresenter(promotion.event, at=at)
        self.current_unit_price = min(promotion.unit_price, promotion.event.current_price)
        self.total_amount = self.current_unit_price * promotion.quantity
        self.is_open = promotion.is_open(at=at) and not promotion.event.is_cancelled
        self.own_zone = promotion.waitlist.own_zone
        self.held_until = min(promotion.ended_at or promotion.expires_at, promotion.expires_at)
        self.is_used = promotion.status == PromotionStatus.USED
        self.is_declined = promotion.status == PromotionStatus.DECLINED

    @property
    def missing(self) -> int:
        """How many seats the entry asked for besides those of the open offer."""
        return max(0, self.row.waitlist.quantity - self.row.quantity) if self.is_open else 0

    @property
    def offer_text(self) -> str:
        """What an open offer leaves of the place, if it is smaller than asked for."""
        return outcomes.offer_text(self.row, self.row.waitlist)

    @property
    def claimed_text(self) -> str:
        """How many of the offered seats were claimed."""
        return outcomes.claimed_text(self.row)

    @property
    def choices(self) -> list[SeatChoice]:
        """All numbers of seats that can be claimed, from all to one."""
        return [
            SeatChoice(
                quantity=number,
                total_amount=self.current_unit_price * number,
                text=outcomes.choice_text(self.row.quantity, number, missing=self.missing),
            )
            for number in range(self.row.quantity, 0, -1)
        ]

    @property
    def decline_note(self) -> str:
        return outcomes.decline_note(self.row, at=self.at)

    @property
    def place_text(self) -> str:
        return outcomes.place_text(self.row, self.row.waitlist)

    @property
    def is_on_waitlist(self) -> bool:
        """Whether the person waits, or has another offer, after this one has ended."""
        return not self.row.is_pending and self.row.waitlist.is_open

    @property
    def keeps_place(self) -> bool:
        return outcomes.keeps_place(self.row, self.row.waitlist)

    @property
    def lapse_text(self) -> str:
        return outcomes.lapse_text(self.row, self.row.waitlist)


def price_notice(event: Event, *, shown: Decimal | None) -> dict[str, str] | None:
    """Return the notice that a seat costs more than a join form showed, or None.

    shown: the price in the form; None where it had none.
    """
    current = money(event.current_price, event.currency)
    if event.current_price <= (shown or 0):
        return None
    if shown is None:
        return {
            "title": f"A seat costs {current}",
            "text": "You have not joined yet. Join only if this price is right for you: it would "
            "be the most that an offer costs.",
        }
    return {
        "title": f"The price has risen to {current} per seat",
        "text": f"It was {money(shown, event.currency)} when you opened this page. You have not "
        f"joined yet. If you join now, an offer costs at most {current} per seat.",
    }


@dataclass(frozen=True)
class EntryUrls:
    """The URLs of an entry's pages, for its owner or for the holder of an emailed link."""

    detail: str
    leave: str
    change: str
    confirm: str
    messages: str
    by_link: bool = False

    @classmethod
    def for_owner(cls, entry: WaitlistEntry) -> "EntryUrls":
        return cls(
            detail=reverse("waitlist_entry", args=[entry.pk]),
            leave=reverse("leave_waitlist", args=[entry.pk]),
            change=reverse("change_entry", args=[entry.pk]),
            confirm=reverse("confirm_entry", args=[entry.pk]),
            messages=reverse("entry_messages", args=[entry.pk]),
        )

    @classmethod
    def for_link(cls, token: str) -> "EntryUrls":
        return cls(
            detail=reverse("entry_link", args=[token]),
            leave=reverse("entry_link_leave", args=[token]),
            change=reverse("entry_link_change", args=[token]),
            confirm=reverse("entry_link_confirm", args=[token]),
            messages=reverse("entry_link_messages", args=[token]),
            by_link=True,
        )


@dataclass(frozen=True)
class OfferUrls:
    """The URLs of an offer's pages, for its owner or for the holder of an emailed link."""

    detail: str
    accept: str
    decline: str
    entry: str
    leave: str
    by_link: bool = False

    @classmethod
    def for_owner(cls, promotion: Promotion) -> "OfferUrls":
        entry = EntryUrls.for_owner(promotion.waitlist)
        return cls(
            entry=entry.detail,
            leave=entry.leave,
            detail=reverse("promotion", args=[promotion.pk]),
            accept=reverse("accept_promotion", args=[promotion.pk]),
            decline=reverse("decline_promotion", args=[promotion.pk]),
        )

    @classmethod
    def for_link(cls, promotion: Promotion, token: str) -> "OfferUrls":
        entry_token = sign_link(
            purpose="entry",
            row_id=promotion.waitlist_id,
            event_id=promotion.event_id,
            version=promotion.user.links_version,
        )
        entry = EntryUrls.for_link(entry_token)
        return cls(
            entry=entry.detail,
            leave=entry.leave,
            detail=reverse("promotion_link", args=[token]),
            accept=reverse("promotion_link_accept", args=[token]),
            decline=reverse("promotion_link_decline", args=[token]),
            by_link=True,
        )

    def booking(self, booking: Booking) -> str:
        """Return the confirmation page of the booking made from the offer."""
        if not self.by_link:
            return reverse("booking_done", args=[booking.pk])
        token = sign_link(
            purpose="booking",
            row_id=booking.pk,
            event_id=booking.event_id,
            version=booking.user.links_version,
        )
        return reverse("booking_link_done", args=[token])
