"""The state, price and seats of an event as the admin shows them."""

from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from evently.formatting import money
from events.models import Event
from events.sale import Sale, SaleState, sale_of

# The states of an event, with the style of their label in Unfold.
STATE_STYLES = {
    "draft": "info",
    "on sale": "success",
    "kept for the waitlist": "success",
    "draw pending": "success",
    "sold out": "primary",
    "not yet on sale": "primary",
    "sales closed": "warning",
    "on now": "default",
    "over": "default",
    "cancelled": "danger",
    "completed": "default",
}
STATES = {
    SaleState.DRAFT: "draft",
    SaleState.BEFORE_SALES: "not yet on sale",
    SaleState.ON_SALE: "on sale",
    SaleState.FEW_LEFT: "on sale",
    SaleState.WAITLIST_FIRST: "kept for the waitlist",
    SaleState.DRAW: "draw pending",
    SaleState.SOLD_OUT: "sold out",
    SaleState.SALES_ENDED: "sales closed",
    SaleState.RUNNING: "on now",
    SaleState.OVER: "over",
    SaleState.CANCELLED: "cancelled",
}


def price(event: Event) -> str:
    return "Free" if event.is_free else money(event.current_price, event.currency)


def state_of(event: Event, *, at: datetime, sale: Sale | None = None) -> str:
    """Return the state of an event, a key of STATE_STYLES. sale: looked up unless it is given."""
    if not event.is_active:
        return str(event.status)
    if not event.is_published:
        # Even past its date, which says why it is not on sale.
        return "draft"
    return STATES[(sale or sale_of(event, at=at)).state]


def seats_bar(*, total: int, booked: int, held: int) -> SafeString:
    """Draw booked, held and free seats as a bar, with the numbers as its title."""
    free = max(total - booked - held, 0)
    scale = 100 / total if total else 0
    title = f"{booked:,} booked, {held:,} held, {free:,} free of {total:,}"
    return format_html(
        '<span class="ev-seats"><svg class="ev-bar" viewBox="0 0 100 6" role="img"'
        ' preserveAspectRatio="none"><title>{}</title>'
        '<rect class="ev-free" width="100" height="6"></rect>'
        '<rect class="ev-booked" width="{}" height="6"></rect>'
        '<rect class="ev-held" x="{}" width="{}" height="6"></rect></svg>'
        "<small>{} / {}{}</small></span>",
        title,
        f"{booked * scale:.2f}",
        f"{booked * scale:.2f}",
        f"{held * scale:.2f}",
        f"{booked:,}",
        f"{total:,}",
        f" · {held:,} held" if held else "",
    )
