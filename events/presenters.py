"""Events as pages show them."""

import json
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from evently.currencies import in_decimals
from evently.links import absolute
from evently.pages import Presenter
from events.models import Event, PaymentMode
from events.sale import closed_text

COVERS = 12
# Characters that could end a script element, or open a tag for an old parser.
SCRIPT_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


class EventPresenter(Presenter):
    """An event at a time, with what templates need to know."""

    def __init__(self, event: Event, *, at: datetime) -> None:
        """at: the time that the page shows."""
        super().__init__(event)
        self.at = at
        # Events have no pictures: the random digits of the id choose a drawing and its colours.
        self.cover = event.pk.int % COVERS
        self.tone = event.pk.int // COVERS % COVERS
        self.is_over = event.is_over(at=at)
        self.has_started = event.has_started(at=at)
        self.is_running = event.is_active and self.has_started and not self.is_over
        self.is_on_sale_now = event.is_on_sale(at=at)
        self.is_paid_at_door = event.payment_mode == PaymentMode.DOOR
        self.is_paid_by_transfer = event.payment_mode == PaymentMode.TRANSFER

    @property
    def organizer_name(self) -> str:
        """The organizer's name, or "" once their account is erased. Needs `created_by` loaded."""
        return str(self.row.created_by.name)

    @property
    def zone_name(self) -> str:
        """The time zone in words: "Mexico City time"."""
        name = str(self.row.timezone)
        area, _, place = name.rpartition("/")
        return f"{place.replace('_', ' ')} time" if area and area != "Etc" else name

    @property
    def can_cancel_until(self) -> datetime | None:
        """Until when a booking made now could be cancelled; None if it could not."""
        until: datetime = self.row.cancellable_until
        return until if until > self.at else None

    @property
    def refund_text(self) -> str:
        """What is refunded on cancelling: the organizer's policy, or a default sentence."""
        if self.row.refund_policy:
            return str(self.row.refund_policy)
        if self.is_paid_at_door and not self.row.is_free:
            return "Seats are paid for at the entrance, so there is nothing to refund."
        return ""

    @property
    def closed_text(self) -> str:
        """Why a published event that is not on sale takes no bookings."""
        return closed_text(self.row, at=self.at)

    @property
    def json_ld(self) -> SafeString:
        """The event as JSON-LD (schema.org), escaped for a script element."""
        text = json.dumps(structured_data(self.row, on_sale=self.is_on_sale_now))
        return SafeString(text.translate(SCRIPT_ESCAPES))


def structured_data(event: Event, *, on_sale: bool) -> dict[str, Any]:
    """Return an event as a schema.org Event."""
    url = absolute(f"/events/{event.pk}/")
    status = "EventCancelled" if event.is_cancelled else "EventScheduled"
    if not on_sale:
        availability = "Discontinued"
    else:
        availability = "InStock" if event.available_seats else "SoldOut"
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.name,
        "description": event.description,
        "startDate": event.starts_locally.isoformat(),
        "eventStatus": f"https://schema.org/{status}",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "location": {"@type": "Place", "name": event.venue, "address": event.venue},
        "url": url,
        "offers": {
            "@type": "Offer",
            "url": url,
            "price": f"{in_decimals(event.current_price, event.currency):f}",
            "priceCurrency": event.currency,
            "availability": f"https://schema.org/{availability}",
        },
    }
    if event.ends_locally is not None:
        data["endDate"] = event.ends_locally.isoformat()
    return data
