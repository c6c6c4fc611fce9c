"""When the attendees of an event are reminded of it, and thanked: by the clocks of its time zone.

They are reminded `reminder_hours` before the start. Whole days are those of the calendar, so that
24 hours are the same time a day earlier, also where the clocks change in between. They are thanked
at 10:00 on the day after the end.
"""

from typing import Any

from django.db.models import DateTimeField, Func
from django.db.models.functions import Coalesce


class RemindedFrom(Func):
    """When attendees are reminded, as an expression; NULL for an event that does not."""

    function = "evently_reminded_from"
    output_field = DateTimeField()

    def __init__(self, *columns: Any, **extra: Any) -> None:
        super().__init__(*(columns or ("event_date", "timezone", "reminder_hours")), **extra)


class ThankedFrom(Func):
    """When attendees are thanked, as an expression, whether the event does or not."""

    function = "evently_thanked_from"
    output_field = DateTimeField()

    def __init__(self, *columns: Any, **extra: Any) -> None:
        super().__init__(*(columns or (Coalesce("ends_at", "event_date"), "timezone")), **extra)
