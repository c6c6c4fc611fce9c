"""The public record of an event's line as it stands in the database, for the checker."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from evently.tests.rows import free_seats
from tests.line_records import load_script
from waitlists.models import LineEvent, WaitlistEntry

# All columns but those that say where the row is.
MEMBERS = [
    field.attname for field in LineEvent._meta.fields if field.attname not in ("id", "event_id")
]
check_line = load_script()


def records_of(event_id: UUID) -> list[dict[str, Any]]:
    """Return the records of an event's line, as the API serves them."""
    rows = LineEvent.objects.filter(event_id=event_id).order_by("seq").values(*MEMBERS)
    return [
        {name: _text(value) for name, value in row.items() if value is not None} for row in rows
    ]


def check_record(event_id: UUID) -> list[str]:
    """Replay an event's record by its rules, and compare its end with the database.

    Return the kinds that occur in it, in order. Raises `check_line.Wrong` at a wrong line.
    """
    records = records_of(event_id)
    states = list(check_line.replay(records, str(event_id)))
    if states and states[-1][1].is_open:
        waitlist = states[-1][1]
        waiting = WaitlistEntry.objects.filter(event_id=event_id).waiting()
        assert waitlist.positions() == dict(waiting.values_list("ref", "position"))
        assert waitlist.free == free_seats(event_id)
    else:
        assert not WaitlistEntry.objects.open().filter(event_id=event_id).exists()
    return [record["kind"] for record in records]


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value
