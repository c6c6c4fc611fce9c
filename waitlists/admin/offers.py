"""The offers of an event, below its waitlist entries."""

from typing import Any

from django.core.paginator import Paginator

from evently.admin.cells import person, two_lines, when
from evently.formatting import counted, moment, money
from events.models import Event
from waitlists.models import Promotion, PromotionStatus

PER_PAGE = 25
# The query parameter of the page.
PAGE = "offers"
# Status, as it is shown, with the kind of its label in Unfold.
STATUSES = {
    PromotionStatus.PENDING: ("open", "warning"),
    PromotionStatus.USED: ("claimed", "success"),
    PromotionStatus.EXPIRED: ("expired", "default"),
    PromotionStatus.DECLINED: ("declined", "default"),
}


def offers_context(event: Event, *, page: str = "", people: Any = None) -> dict[str, Any]:
    """Return the context of admin/waitlists/offers.html: a page of an event's offers, newest first.

    page: its number, as text. people: ids of users, or a subquery of them, whose offers are shown;
    None: those of all.
    """
    offers = (
        Promotion.objects.filter(event_id=event.pk)
        .select_related("user__person_key")
        .order_by("-promoted_at", "-id")
    )
    if people is not None:
        offers = offers.filter(user__in=people)
    shown = Paginator(offers, PER_PAGE).get_page(page)
    return {"offers": [_row(offer, event) for offer in shown.object_list], "offers_page": shown}


def _until(offer: Promotion, event: Event) -> Any:
    """Return when an offer ends, and what its organizer should know of the email about it."""
    until, notes = when(offer.expires_at, event.zone), []
    if offer.message_lost_at is not None:
        notes.append("The email did not arrive.")
    if offer.is_unreached:
        notes.append("Nothing reached the attendee.")
    if offer.first_expires_at is not None:
        notes.append(f"It was until {moment(offer.first_expires_at, event.zone)} at first.")
    return two_lines(until, " ".join(notes)) if notes else until


def _row(offer: Promotion, event: Event) -> dict[str, Any]:
    label, kind = STATUSES[PromotionStatus(offer.status)]
    seats = counted(offer.quantity, "seat")
    by_hand = f"By an organizer: {offer.organizer_reason}" if offer.organizer_reason else ""
    return {
        "person": person(offer.user),
        "seats": two_lines(seats, by_hand) if by_hand else seats,
        "price": money(offer.unit_price, event.currency),
        "label": label,
        "kind": kind,
        "made": when(offer.promoted_at, event.zone),
        "until": _until(offer, event),
        "ended": when(offer.ended_at, event.zone),
    }
