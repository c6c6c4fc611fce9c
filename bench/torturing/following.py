"""Follow the public record of each event's line as it grows, and compare it with the tables."""

import json
from collections import deque
from typing import Any
from uuid import UUID

from django.db import connection

from tests.line_records import load_script

check_line = load_script()

RECORDS = """
    SELECT jsonb_strip_nulls(to_jsonb(r) - 'id' - 'event_id' || jsonb_build_object(
        'at', evently_record_time(at), 'rank', evently_record_time(rank),
        'until', evently_record_time(until)))
    FROM line_events r WHERE event_id = %s AND seq > %s ORDER BY seq
"""
WAITING = "SELECT ref, position FROM waitlists WHERE event_id = %s AND status = 'waiting'"


class Follower:
    """The replay of one event's record, as far as it was read."""

    def __init__(self, event_id: UUID) -> None:
        self.event_id = event_id
        self.waitlist = check_line.Waitlist()
        self.seq, self.prev = 0, None
        self.latest: deque[str] = deque(maxlen=12)
        self.wrong = ""

    def follow(self) -> str:
        """Read on in the caller's snapshot; return what is wrong, or ""."""
        if self.wrong:
            return self.wrong
        with connection.cursor() as cursor:
            cursor.execute(RECORDS, [self.event_id, self.seq])
            try:
                for (record,) in cursor.fetchall():
                    self._apply(json.loads(record))
            except ValueError as error:
                self.wrong = f"seq {self.seq}: {error}, after {' '.join(self.latest)}"
                return self.wrong
            cursor.execute(WAITING, [self.event_id])
            waiting = dict(cursor.fetchall())
            cursor.execute("SELECT available_seats FROM events WHERE id = %s", [self.event_id])
            (free,) = cursor.fetchone()
        replayed = self.waitlist.positions()
        if replayed != waiting:
            return f"after seq {self.seq}: positions {replayed}, in the table {waiting}"
        if self.waitlist.is_open and self.waitlist.free != free:
            return f"after seq {self.seq}: {self.waitlist.free} seats free, in the table {free}"
        return ""

    def _apply(self, record: dict[str, Any]) -> None:
        self.seq += 1
        shown = {name: record[name] for name in record if name not in ("prev", "hash", "rank")}
        self.latest.append(json.dumps(shown))
        check_line.check_form(record, self.seq, self.prev)
        self.waitlist.apply(record)
        self.prev = record["hash"]


def follow_all(followers: dict[UUID, Follower]) -> list[Any]:
    """Read on in the records of all events, in the caller's snapshot; return what is wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id FROM lines")
        events = [event_id for (event_id,) in cursor.fetchall()]
    found = [(e, followers.setdefault(e, Follower(e)).follow()) for e in events]
    return [[str(event_id), wrong] for event_id, wrong in found if wrong]
