"""The head of a waitlist's record: the number and hash of its last record.

Who has kept a head can tell later whether the record up to there was changed. It stands on the
event's page, in receipts and in all emails of the waitlist.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import F

from evently.database.functions import Among, GivenIds
from evently.database.prepared import PreparedQuery
from waitlists.models import Line

SHORT = 12


@dataclass(frozen=True)
class Head:
    """seq: the number of the last record, 0 for none. hash: in full."""

    seq: int
    hash: str

    @property
    def short_hash(self) -> str:
        return self.hash[:SHORT]

    def __str__(self) -> str:
        """Return it as people see it: "42 · 1a2b3c4d5e6f"."""
        return f"{self.seq} · {self.short_hash}"


HEADS = PreparedQuery[Any](
    lambda event_ids: Line.objects.filter(
        Among(F("event_id"), GivenIds(event_ids)), seq__gt=0
    ).values_list("event_id", "seq", "head"),
    event_ids=list,
)


def head_of(event_id: UUID) -> Head | None:
    """Return the head of an event's record; None where its waitlist was never joined."""
    return heads_of([event_id]).get(event_id)


def heads_of(event_ids: Collection[UUID]) -> dict[UUID, Head]:
    """Return the heads of events' records, without events whose waitlist was never joined."""
    rows = HEADS.tuples(event_ids=list(event_ids))
    return {event_id: Head(seq, digest) for event_id, seq, digest in rows}


def empty_head(event_id: UUID) -> Head:
    """Return the head of a record that has not begun, to which its first record is chained."""
    return Head(0, sha256(str(event_id).encode()).hexdigest())
