"""How figures, moments and people are shown in the admin."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from evently.accounts.models import User
from events.models import Event, EventStatus

KINDS = {
    "draft": "info",
    "on sale": "success",
    "not yet on sale": "primary",
    "sales closed": "warning",
    "cancelled": "danger",
    "completed": "default",
}


def money(amount: Decimal | None, currency: str) -> str:
    """Say an amount with its currency: 1,280.00 EUR."""
    return f"{amount or Decimal(0):,.2f} {currency}"


def price(event: Event) -> str:
    """Say what a seat costs now."""
    return "Free" if event.is_free else money(event.current_price, event.currency)


def moment(at: datetime | None, zone: ZoneInfo, *, with_zone: bool = True) -> str:
    """Say a moment by the clocks of a time zone: Wed 16 Dec 2026, 19:00 CET."""
    if at is None:
        return "–"
    local = at.astimezone(zone)
    text = f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    return f"{text} {local:%Z}" if with_zone else text


def when(at: datetime | None, zone: ZoneInfo) -> SafeString:
    """Show a moment in a list, on one line, with its time zone below."""
    if at is None:
        return format_html("{}", "–")
    return format_html(
        '<span class="ev-when">{}<small>{}</small></span>',
        moment(at, zone, with_zone=False),
        f"{at.astimezone(zone):%Z}",
    )


def two_lines(first: Any, second: Any) -> SafeString:
    """Show a thing with a quieter line below it."""
    return format_html(
        '<span class="ev-two"><span>{}</span><small>{}</small></span>', first, second
    )


def state_of(event: Event, *, at: datetime) -> str:
    """Say in one or two words where an event stands; a key of KINDS."""
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
    """Draw seats: booked, held by offers, free; said in words too."""
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


def person(user: User | None) -> SafeString | str:
    """Show a person by name and address; the key must be loaded."""
    if user is None:
        return "visitor"
    return two_lines(user.display_name, user.email)


def names_of(actors: set[str]) -> dict[str, str]:
    """Return names by actor, in one query: ids become names, others stay as they are."""
    ids = {}
    for actor in actors:
        try:
            ids[UUID(actor)] = actor
        except ValueError:
            continue
    people = User.objects.with_keys().filter(pk__in=ids) if ids else []
    return {ids[user.pk]: user.display_name for user in people}
