"""The state, price and seats of an event as the admin shows them."""

from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from evently.formatting import money
from events.models import Event

# The states of an event, with the style of their label in Unfold.
STATE_STYLES = {
    "draft": "info",
    "on sale": "success",
    "not yet on sale": "primary",
    "sales closed": "warning",
    "cancelled": "danger",
    "completed": "default",
}


def price(event: Event) -> str:
    return "Free" if event.is_free else money(event.current_price, event.currency)


def state_of(event: Event, *, at: datetime) -> str:
    """Return the state of an event, a key of STATE_STYLES."""
    if not event.is_active:
        return str(event.status)
    if not event.is_published:
        return "draft"
    if event.is_on_sale(at=at):
        return "on sale"
    if event.is_before_sales(at=at):
        return "not yet on sale"
    return "sales closed"


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
