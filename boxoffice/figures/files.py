"""Figures as files, CSV and Parquet: a line for each metric and bucket, sent as they are read."""

import csv
from collections.abc import Iterator
from datetime import datetime
from io import RawIOBase
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from bookings.attendee_files import BYTE_ORDER_MARK, neutral
from boxoffice.figures.registry import metric_of
from evently.currencies import in_decimals
from evently.database.replicas import Replica, reachable
from events.models import Event, EventMetric, Resolution

# A group of rows in Parquet, whose end lists all groups: smaller ones would let that grow.
ROWS_IN_GROUP = 20_000
LINES_AT_ONCE = 500
COLUMNS = ("event", "name", "currency", "metric", "unit", "resolution", "at", "value")
Row = tuple[str, str, str, str, str, str, datetime, Any]


def rows_of(
    events: QuerySet[Event], resolution: Resolution, *, start: datetime, end: datetime
) -> Iterator[Row]:
    """Yield the stored figures of events as COLUMNS, by event, metric and time.

    An event at a time, and from the first one on: neither what is in memory nor the first answer
    depends on the number of events. The figures of an event are those of one moment. No transaction
    is kept open for all of them, which would last as long as the slowest client reads.
    """
    alias = reachable(Replica.REPORTING)
    rows = EventMetric.objects.using(alias).filter(
        resolution=resolution, recorded_at__gte=start, recorded_at__lt=end
    )
    chosen = events.using(alias).order_by("pk").values_list("pk", "name", "currency")
    for event_id, name, currency in chosen:
        figures = rows.filter(event_id=event_id).order_by("metric_type", "recorded_at")
        found = figures.values_list("metric_type", "recorded_at", "metric_value")
        for metric_type, at, value in found.iterator():
            metric = metric_of(metric_type)
            if metric is not None:
                unit = metric.unit.value
                yield str(event_id), name, currency, metric_type, unit, resolution.value, at, value


def csv_parts(rows: Iterator[Row]) -> Iterator[str]:
    """Yield a CSV file (RFC 4180, UTF-8 with a mark), some lines at a time; times in UTC."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    while batch := list(islice(rows, LINES_AT_ONCE)):
        yield "".join(writer.writerow(_texts(row)) for row in batch)


def _texts(row: Row) -> list[str]:
    *texts, at, value = row
    is_amount = texts[4] == "amount"
    text = f"{in_decimals(value, texts[2]):f}" if is_amount else f"{value.normalize():f}"
    return [*map(neutral, texts), f"{at:%Y-%m-%dT%H:%M:%SZ}", text]


def parquet_parts(rows: Iterator[Row]) -> Iterator[bytes]:
    """Yield a Parquet file, a group of rows at a time."""
    # A large library, which only this needs.
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"at": pa.timestamp("us", tz="UTC"), "value": pa.decimal128(18, 4)}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    written = _Written()
    with pq.ParquetWriter(written, schema, compression="zstd") as writer:
        while batch := list(islice(rows, ROWS_IN_GROUP)):
            columns = dict(zip(COLUMNS, map(list, zip(*batch, strict=True)), strict=True))
            writer.write_table(pa.table(columns, schema=schema))
            yield written.take()
    yield written.take()


class _Echo:
    """A file that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


class _Written(RawIOBase):
    """A file that only grows, and whose bytes are taken from it as they are written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        self._length += len(part)
        return len(part)

    def tell(self) -> int:
        return self._length

    def take(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
