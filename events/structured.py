"""An event as structured data (schema.org), for search engines."""

import json
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from evently.currencies import in_decimals
from evently.links import absolute
from events.models import Event
from events.moving_price import bounds_of
from events.online import link_of
from events.presenters import EventPresenter
from events.sale import Sale, SaleState

# Characters that could end a script element, or open a tag for an old parser.
SCRIPT_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}
AVAILABILITY = {
    SaleState.DRAFT: "OutOfStock",
    SaleState.BEFORE_SALES: "PreOrder",
    SaleState.ON_SALE: "InStock",
    # schema.org has LimitedAvailability, which search engines do not know for events.
    SaleState.FEW_LEFT: "InStock",
    # What is left is kept for the waitlist.
    SaleState.WAITLIST_FIRST: "SoldOut",
    # Seats are drawn, so that none can be bought yet.
    SaleState.DRAW: "PreOrder",
    SaleState.SOLD_OUT: "SoldOut",
    SaleState.SALES_ENDED: "OutOfStock",
    SaleState.RUNNING: "OutOfStock",
    SaleState.OVER: "OutOfStock",
    SaleState.CANCELLED: "OutOfStock",
}


def json_ld(event: EventPresenter, *, sale: Sale) -> SafeString:
    """Return an event as JSON-LD, escaped for a script element."""
    text = json.dumps(structured_data(event, sale=sale), ensure_ascii=False)
    return SafeString(text.translate(SCRIPT_ESCAPES))


def structured_data(presented: EventPresenter, *, sale: Sale) -> dict[str, Any]:
    """Return an event as a schema.org Event."""
    event: Event = presented.row
    status = "EventCancelled" if event.is_cancelled else "EventScheduled"
    mode = "Online" if event.takes_place_online else "Offline"
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.name,
        "startDate": event.starts_locally.isoformat(),
        "eventStatus": f"https://schema.org/{status}",
        "eventAttendanceMode": f"https://schema.org/{mode}EventAttendanceMode",
        "location": _location(event),
        "image": [presented.image_url],
        "url": presented.public_url,
        "isAccessibleForFree": event.is_free,
        "maximumAttendeeCapacity": event.total_capacity,
        "offers": _offer(event, presented.public_url, sale),
    }
    if event.description:
        data["description"] = event.description
    if event.ends_locally is not None:
        data["endDate"] = event.ends_locally.isoformat()
    if presented.organizer_name:
        data["organizer"] = {"@type": "Organization", "name": presented.organizer_name}
        if event.contact_url:
            data["organizer"]["url"] = event.contact_url
    return data


def _location(event: Event) -> dict[str, Any]:
    if event.takes_place_online:
        url = link_of(event.venue) or absolute(f"/events/{event.pk}/")
        return {"@type": "VirtualLocation", "url": url}
    return {"@type": "Place", "name": event.venue, "address": event.venue}


def _offer(event: Event, url: str, sale: Sale) -> dict[str, Any]:
    price = _amount(event, event.current_price)
    offer: dict[str, Any] = {
        "@type": "Offer",
        "url": url,
        "price": price,
        "priceCurrency": event.currency,
        "availability": f"https://schema.org/{AVAILABILITY[sale.state]}",
        "validThrough": event.sales_close_at.astimezone(event.zone).isoformat(),
    }
    bounds = bounds_of(event)
    if bounds is not None and sale.can_still_buy:
        # Beside the price, which is what search engines read. An AggregateOffer would say that
        # there are several offers at once. Bounds are numbers; only the price may also be text.
        offer["priceSpecification"] = {
            "@type": "PriceSpecification",
            "price": price,
            "minPrice": float(bounds[0]),
            "maxPrice": float(bounds[1]),
            "priceCurrency": event.currency,
        }
    opens_at = event.sales_start_at or event.published_at
    if opens_at is not None:
        offer["validFrom"] = opens_at.astimezone(event.zone).isoformat()
    return offer


def _amount(event: Event, amount: Decimal) -> str:
    return f"{in_decimals(amount, event.currency):f}"
