"""The rules of an event's waitlist in sentences, for the pages that say them to people."""

from datetime import timedelta

from evently.formatting import duration, moment
from events.models import Event, PassRule
from events.sale import RESERVES_UNTIL
from waitlists.claim_windows import (
    LONGEST,
    NIGHT_ENDS,
    NIGHT_STARTS,
    NIGHTS_COUNT_BEFORE,
    SHORTEST,
)


def order_text(event: Event) -> str:
    """Return in which order seats are offered, and what happens to groups."""
    order = "Seats that become available are offered in the order of the waitlist."
    kept = f"kept until it fits, or until {duration_in_hours(RESERVES_UNTIL)} before {end(event)}"
    if event.max_passes is None:
        return (
            f"{order} A group that needs more seats than are free keeps its place, while the seats "
            "are offered to the next who fits."
        )
    if event.max_passes == PassRule.STRICT:
        return f"{order} Seats that are too few for the first group are {kept}."
    return (
        f"{order} A group that needs more seats than are free can be passed up to "
        f"{event.max_passes} times; then seats are {kept}."
    )


def offers_text(event: Event) -> str:
    """Return how long an offer holds its seats."""
    if event.promotion_window_minutes is None:
        length = f"between {duration(SHORTEST)} and {duration_in_hours(LONGEST)}"
        why = ", depending on how soon the event starts and how many people wait"
    else:
        length, why = duration(timedelta(minutes=event.promotion_window_minutes)), ""
    return (
        f"An offer holds the seats for {length}{why}. Nights ({NIGHT_STARTS:%H:%M} to "
        f"{NIGHT_ENDS:%H:%M}) do not count, except in the last "
        f"{duration_in_hours(NIGHTS_COUNT_BEFORE)} before the start."
    )


def until_text(event: Event) -> str:
    """Return until when seats are offered."""
    return f"Seats are offered until {end(event)}, on {moment(event.line_closes_at, event.zone)}."


def end(event: Event) -> str:
    """Return what ends the waitlist, as in "until sales end"."""
    return "sales end" if event.line_closes_at < event.event_date else "the event starts"


def rules_in_force(event: Event) -> list[str]:
    """Return the rules that hold for those who join now, in a few sentences."""
    return [order_text(event), offers_text(event), until_text(event)]


def duration_in_hours(length: timedelta) -> str:
    """Return a duration of whole hours: "24 hours" rather than "1 day"."""
    return f"{length // timedelta(hours=1)} hours"
