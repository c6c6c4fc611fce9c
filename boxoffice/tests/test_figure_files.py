"""Files of figures: sent as they are read, so that memory does not grow with them."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from boxoffice.figures.files import ROWS_IN_GROUP, csv_parts, parquet_parts, rows_of
from evently.tests.rows import insert
from events.factories import EventFactory
from events.models import Event, Resolution

AT = datetime(2026, 5, 1, tzinfo=UTC)


def counted_rows(number, read):
    for minute in range(number):
        read.append(minute)
        at = AT + timedelta(minutes=minute)
        yield "id", "Evening", "EUR", "seats", "seats", "minute", at, Decimal(minute)


@pytest.mark.parametrize("parts_of", [csv_parts, parquet_parts])
def test_each_part_is_sent_before_what_follows_is_read(parts_of):
    number, read, progress, found = 2 * ROWS_IN_GROUP + 10, [], [], []
    for part in parts_of(counted_rows(number, read)):
        found.append(part if isinstance(part, bytes) else part.encode())
        progress.append(len(read))
    assert len(read) == number
    assert progress[0] <= ROWS_IN_GROUP
    assert all(after - before <= ROWS_IN_GROUP for before, after in pairwise(progress))
    file = b"".join(found)
    if parts_of is csv_parts:
        assert file.count(b"\r\n") == number + 1
        return
    table = pq.read_table(io.BytesIO(file))
    assert table["value"].to_pylist() == [Decimal(minute) for minute in range(number)]
    assert table["at"][-1].as_py() == AT + timedelta(minutes=number - 1)


@pytest.mark.django_db
def test_figures_are_read_event_by_event_and_not_for_a_client_that_has_gone():
    for _ in range(3):
        event = EventFactory()
        insert(
            "event_analytics",
            event_id=event.pk,
            metric_type="seats",
            metric_value=1,
            recorded_at=AT,
            resolution="day",
        )
    rows = rows_of(Event.objects.all(), Resolution.DAY, start=AT, end=AT + timedelta(days=1))
    with CaptureQueriesContext(connection) as queries:
        first = next(rows)
        rows.close()
    assert first[3:] == ("seats", "seats", "day", AT, 1)
    assert len(queries) == 2, "the events, and the figures of the first one"
