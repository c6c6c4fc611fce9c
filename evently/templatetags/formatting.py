"""Template filters for amounts and counted nouns: `{% load formatting %}`."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evently import formatting, rich_text

register = template.Library()


@register.filter
def money(amount: Decimal | float, currency: str) -> str:
    """Return an amount in its currency: `{{ price|money:event.currency }}`."""
    return formatting.money(Decimal(str(amount)), currency)


@register.filter
def counted(number: int, nouns: str) -> str:
    """Return a number with its noun.

    As in `{{ n|counted:"seat" }}` or `{{ n|counted:"person,people" }}`.
    """
    noun, _, plural = nouns.partition(",")
    return formatting.counted(number, noun, plural)


@register.filter
def linked(text: str) -> SafeString:
    """Return a text that a person typed, its web and email addresses as links."""
    return rich_text.linked(text)


@register.filter
def prose(text: str) -> SafeString:
    """Return a text that a person typed as paragraphs, with links."""
    return rich_text.prose(text)


@register.simple_tag(takes_context=True)
def event_time(context: Any, event: Any, style: str = "short") -> SafeString | str:
    """Return when an event takes place, in its time zone.

    short, for lists: the start, and the end where it is on another day. long: start and end in
    full. text: the same without elements, for attributes.
    """
    zone, end = ZoneInfo(event.timezone), event.ends_at
    with_date = end is not None and formatting.needs_end_date(event.event_date, end, zone)
    if style == "short":
        now = context.get("now") or timezone.now()
        first = formatting.day_and_time(event.event_date, zone, now=now)
        last = formatting.day_and_time(end, zone, now=now) if with_date else ""
    else:
        first = formatting.day_and_time_in_full(event.event_date, zone)
        last = _end_text(event, zone)
    if style == "text":
        return f"{first} to {last}" if last else first
    start = _time_element(event.event_date, zone, first)
    return format_html("{} to {}", start, _time_element(end, zone, last)) if last else start


@register.simple_tag
def own_time(at: datetime, zone: str, own_zone: ZoneInfo | None) -> str:
    """Return what a time is in the reader's own time zone, as `formatting.own_time`."""
    return formatting.own_time(at, ZoneInfo(zone), own_zone)


@register.simple_tag
def event_end(event: Any) -> SafeString:
    """Return when an event ends, in its time zone; with the date where it is on another day."""
    zone = ZoneInfo(event.timezone)
    return _time_element(event.ends_at, zone, _end_text(event, zone))


def _end_text(event: Any, zone: ZoneInfo) -> str:
    if event.ends_at is None or event.ends_at == event.event_date:
        return ""
    if formatting.needs_end_date(event.event_date, event.ends_at, zone):
        return formatting.day_and_time_in_full(event.ends_at, zone)
    return f"{event.ends_at.astimezone(zone):%H:%M}"


def _time_element(at: datetime, zone: ZoneInfo, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}">{}</time>', at.astimezone(zone).isoformat(timespec="seconds"), text
    )
