"""The smallest components of pages, as tags that every template has.

A page has dozens of them, and including a template costs far more than calling a function. Larger
ones are in `templates/components/`; the gallery shows both.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evently import formatting
from evently.kept import Kept
from evently.time_zones import zone_named, zone_or_utc

register = template.Library()


def _classes(*names: str) -> str:
    return " ".join(filter(None, names))


class ConstantNode(template.Node):
    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        if settings.DEBUG:
            return self.nodelist.render(context)
        rendered = _constants.get(self)
        if rendered is None:
            rendered = self.nodelist.render(context)
            _constants.keep(self, rendered, size=len(rendered))
        return rendered


_constants: Kept[SafeString] = Kept(1024 * 1024)


@register.tag
def constant(parser: template.base.Parser, token: template.base.Token) -> ConstantNode:
    """Render what is in between once in a process: `{% constant %}…{% endconstant %}`.

    For what is the same on all pages and for everyone: links with icons, addresses of stylesheets.
    """
    nodelist = parser.parse(("endconstant",))
    parser.delete_first_token()
    return ConstantNode(nodelist)


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """Return an icon of static/img/icons.svg: `{% icon "ticket" %}`.

    Decorative: its meaning must also be in the text.
    """
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        _classes("icon", classes),
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def cover(drawing: int, tone: int | str = "", classes: str = "") -> SafeString:
    """Return the drawing of an event: `{% cover event.cover event.tone "cover--wide" %}`.

    drawing, tone: 0 to 11; 0 and "" are the colours that belong to the drawing. classes:
    cover--wide, cover--square, cover--small, cover--past.
    """
    return format_html(
        '<div class="{}" aria-hidden="true"><svg class="cover__art"'
        ' preserveAspectRatio="xMidYMid slice" focusable="false">'
        '<use href="{}#cover-{}"></use></svg></div>',
        _classes("cover", f"cover--{drawing}", f"tone--{tone}" if tone else "", classes),
        static("img/covers.svg"),
        drawing,
    )


@register.simple_tag
def pill(text: str, tone: str = "") -> SafeString:
    """Return a short state; tone: good, waiting, bad, info."""
    return format_html(
        '<span class="{}">{}</span>', _classes("pill", f"pill--{tone}" if tone else ""), text
    )


@register.simple_tag
def money_or_free(amount: Decimal | float, currency: str) -> str:
    """Return an amount in its currency, "Free" for 0: for use inside sentences."""
    return formatting.money(Decimal(str(amount)), currency) if amount else "Free"


@register.simple_tag
def price(amount: Decimal | float, currency: str, classes: str = "") -> SafeString:
    """Return an amount as `money_or_free` in an element; classes: price--large, price--old."""
    return format_html(
        '<span class="{}">{}</span>', _classes("price", classes), money_or_free(amount, currency)
    )


@register.simple_tag(takes_context=True)
def when(
    context: Any, at: datetime | None, zone: str = "", style: str = "long"
) -> SafeString | str:
    """Return a time as an element: `{% when event.event_date event.timezone "short" %}`.

    zone: by default the current one. style: day (Thu 12 June), time (19:30), clock (19:30 CET),
    short (Thu 12 Jun, 19:30), else long (Thursday 12 June 2025, 19:30). day and short have the
    year where it is not the current one.
    """
    if not at:
        return ""
    local_zone = ZoneInfo(zone) if zone else timezone.get_current_timezone()
    now = context.get("now") or timezone.now()
    text = formatting.in_style(at, local_zone, style=style, now=now)
    return format_html('<time datetime="{}">{}</time>', timezone.localtime(at).isoformat(), text)


@register.simple_tag(takes_context=True)
def own_when(
    context: Any, at: datetime | None, style: str = "short", zone: str | None = None
) -> SafeString | str:
    """Return a time of an account in its owner's time zone, which it names.

    As in `{% own_when session.started_at %}`. style: day, short or long, as for `when`; a day names
    no time zone. zone: by default that of the current user's profile. Where that has none, the time
    is in UTC, and the page's script shows it in the browser's time zone.
    """
    if not at:
        return ""
    if zone is None:
        zone = getattr(context.get("user"), "timezone", "")
    local_zone = zone_or_utc(zone)
    now = context.get("now") or timezone.now()
    text = formatting.in_style(at, local_zone, style=style, now=now)
    if style != "day":
        text += f" {at.astimezone(local_zone):%Z}"
    moment = at.astimezone(local_zone).isoformat()
    if zone_named(zone):
        return format_html('<time datetime="{}">{}</time>', moment, text)
    return format_html('<time datetime="{}" data-own-time="{}">{}</time>', moment, style, text)
