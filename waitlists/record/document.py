"""The public record of a waitlist as a document, which `script/check_line` reads and replays.

It is published when the waitlist has closed for good: who waits could use it before.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from events.models import Event
from waitlists.models import LineEvent

FORMAT = "evently-line-record-1"
# In alphabetical order, as RFC 8785 (JCS) demands of the JSON that is hashed.
MEMBERS = (
    "at",
    "beacon",
    "capacity",
    "cause",
    "commitment",
    "confirmed",
    "due",
    "free",
    "hash",
    "kind",
    "least",
    "list",
    "lots",
    "position",
    "prev",
    "rank",
    "reason",
    "ref",
    "score",
    "seats",
    "secret",
    "seq",
    "skips",
    "until",
)
RECORDS_PER_CHUNK = 500


def is_published(event: Event, *, at: datetime) -> bool:
    """Tell whether the whole record can be read: the waitlist has closed for good."""
    return not event.is_active or event.is_over(at=at) or at >= event.line_closes_at


def record_time(at: datetime) -> str:
    """Return a time as records have it, in UTC with six digits: as `evently_record_time`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_records(rows: QuerySet[LineEvent]) -> Iterator[dict[str, Any]]:
    """Yield records as JSON objects: members in order, without those that have no value."""
    for values in rows.values_list(*MEMBERS):
        yield {
            name: record_time(value) if isinstance(value, datetime) else value
            for name, value in zip(MEMBERS, values, strict=True)
            if value is not None
        }


def canonical(record: dict[str, Any]) -> str:
    """Return a record as RFC 8785 JSON; of one without its `hash`, this is what is hashed."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def own_records(*, event_id: UUID, refs: Iterable[str]) -> list[dict[str, Any]]:
    """Return the records about these joinings, in order."""
    rows = LineEvent.objects.filter(event_id=event_id, ref__in=list(refs))
    return list(as_records(rows.order_by("seq")))


def document(*, event_id: UUID, up_to: int) -> Iterator[str]:
    """Yield the record of an event up to a record's number as JSON, one record per line.

    Reads some hundred records at a time, each by a query of its own: records are never changed, so
    that no transaction is needed.
    """
    yield f'{{"format":"{FORMAT}","event":"{event_id}","records":['
    rows = LineEvent.objects.filter(event_id=event_id).order_by("seq")
    for start in range(0, up_to, RECORDS_PER_CHUNK):
        some = rows.filter(seq__gt=start, seq__lte=min(start + RECORDS_PER_CHUNK, up_to))
        lines = ",\n".join(canonical(record) for record in as_records(some))
        yield f"{',' if start else ''}\n{lines}"
    yield "\n]}\n"
