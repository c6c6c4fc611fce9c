"""What lists of events tell of their lines; events themselves know none."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import template

from waitlists.standing import Line, Seats, lines_of, seats_of

register = template.Library()


@register.simple_tag(name="lines_of")
def lines_of_events(events: Iterable[Any]) -> dict[UUID, Line]:
    """Return the lines of a page of events, in one query."""
    return lines_of([event.pk for event in events])


@register.simple_tag(name="seats_of")
def seats_of_event(event: Any, lines: dict[UUID, Line]) -> Seats:
    """Return the seats of one of them."""
    return seats_of(event, lines.get(event.pk, Line()))
