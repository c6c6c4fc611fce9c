"""Cells of admin lists: times, people, and values with a second line."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from evently.accounts.models import User
from evently.database.identity import as_worker
from evently.formatting import MISSING, moment, needs_end_date


def when(at: datetime | None, zone: ZoneInfo) -> SafeString:
    """Return a time, with its time zone below."""
    if at is None:
        return format_html("{}", MISSING)
    return format_html(
        '<span class="ev-when">{}<small>{}</small></span>',
        moment(at, zone, with_zone=False),
        f"{at.astimezone(zone):%Z}",
    )


def lasts(start: datetime, end: datetime | None, zone: ZoneInfo) -> SafeString:
    """Return a start, and the end below it where that is on another day."""
    if end is None or not needs_end_date(start, end, zone):
        return when(start, zone)
    return format_html(
        '<span class="ev-when">{}<small>to {}</small></span>',
        moment(start, zone, with_zone=False),
        moment(end, zone),
    )


def two_lines(first: Any, second: Any) -> SafeString:
    """Return a value with a smaller line below it."""
    return format_html(
        '<span class="ev-two"><span>{}</span><small>{}</small></span>', first, second
    )


def person(user: User | None, note: str = "") -> SafeString | str:
    """Return a person's name and email address, and a note; their key must be loaded."""
    if user is None:
        return "visitor"
    if note:
        return format_html(
            '<span class="ev-two"><span>{}</span><small>{}</small><small>{}</small></span>',
            user.display_name,
            user.email,
            note,
        )
    return two_lines(user.display_name, user.email)


@as_worker()
def names_of(actors: set[str]) -> dict[str, str]:
    """Return the display names of audit actors that are users, in one query."""
    ids = {}
    for actor in actors:
        try:
            ids[UUID(actor)] = actor
        except ValueError:
            continue
    people = User.objects.with_keys().filter(pk__in=ids) if ids else []
    return {ids[user.pk]: user.display_name for user in people}
