"""Cells about events in the admin: state, price and seats."""

from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from evently.formatting import money
from events.models import Event, EventStatus

# States with the label style that Unfold gives them.
STATE_STYLES = {
    "draft": "info",
    "on sale": "success",
    "not yet on sale": "primary",
    "sales closed": "warning",
    "cancelled": "danger",
    "completed": "default",
}


def price(event: Event) -> str:
    """Return the current price of a seat."""
    return "Free" if event.is_free else money(event.current_price, event.currency)


def state_of(event: Event, *, at: datetime) -> str:
    """Return the state of an event at a time, a key of STATE_STYLES."""
    if event.status != EventStatus.ACTIVE:
        return str(event.status)
    if not event.is_published:
        return "draft"
    if event.is_on_sale(at=at):
        return "on sale"
    if event.sales_start_at is not None and event.sales_start_at > at:
        return "not yet on sale"
    return "sales closed"


def seats_bar(*, total: int, booked: int, held: int) -> SafeString:
    """Draw booked, held and free seats as a bar, with the numbers as its title."""
    free = max(total - booked - held, 0)
    scale = 100 / total if total else 0
    words = f"{booked:,} booked, {held:,} held, {free:,} free of {total:,}"
    return format_html(
        '<span class="ev-seats"><svg class="ev-bar" viewBox="0 0 100 6" role="img"'
        ' preserveAspectRatio="none"><title>{}</title>'
        '<rect class="ev-free" width="100" height="6"></rect>'
        '<rect class="ev-booked" width="{}" height="6"></rect>'
        '<rect class="ev-held" x="{}" width="{}" height="6"></rect></svg>'
        "<small>{} / {}{}</small></span>",
        words,
        f"{booked * scale:.2f}",
        f"{booked * scale:.2f}",
        f"{held * scale:.2f}",
        f"{booked:,}",
        f"{total:,}",
        f" · {held:,} held" if held else "",
    )
