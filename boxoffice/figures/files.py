"""Figures as files, CSV and Parquet: a line for each metric and bucket, read in parts."""

import csv
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from tempfile import TemporaryFile
from typing import Any

from django.db.models import QuerySet

from bookings.attendee_files import BYTE_ORDER_MARK, neutral
from boxoffice.figures.registry import metric_of
from evently.currencies import in_decimals
from evently.database.replicas import Replica, reachable
from events.models import Event, EventMetric, Resolution

ROWS_AT_ONCE = 5_000
BYTES_AT_ONCE = 64 * 1024
COLUMNS = ("event", "name", "currency", "metric", "unit", "resolution", "at", "value")
Row = tuple[str, str, str, str, str, str, datetime, Any]


def rows_of(
    events: QuerySet[Event], resolution: Resolution, *, start: datetime, end: datetime
) -> Iterator[Row]:
    """Yield the stored figures of events as COLUMNS, by event, metric and time.

    An event at a time: what is in memory does not grow with the number of events.
    """
    rows = EventMetric.objects.using(reachable(Replica.REPORTING)).filter(
        resolution=resolution, recorded_at__gte=start, recorded_at__lt=end
    )
    found = rows.filter(event__in=events).order_by("event_id").distinct()
    for event_id, name, currency in found.values_list("event_id", "event__name", "event__currency"):
        figures = rows.filter(event_id=event_id).order_by("metric_type", "recorded_at")
        for metric_type, at, value in figures.values_list(
            "metric_type", "recorded_at", "metric_value"
        ):
            metric = metric_of(metric_type)
            if metric is not None:
                unit = metric.unit.value
                yield str(event_id), name, currency, metric_type, unit, resolution.value, at, value


def csv_lines(rows: Iterator[Row]) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180, UTF-8 with a mark); times in UTC."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for *texts, at, value in rows:
        text = (
            f"{in_decimals(value, texts[2]):f}"
            if texts[4] == "amount"
            else f"{value.normalize():f}"
        )
        yield writer.writerow([*map(neutral, texts), f"{at:%Y-%m-%dT%H:%M:%SZ}", text])


def parquet_parts(rows: Iterator[Row]) -> Iterator[bytes]:
    """Yield a Parquet file in parts; it is written to disk first, a group of rows at a time."""
    # A large library, which only this needs.
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"at": pa.timestamp("us", tz="UTC"), "value": pa.decimal128(18, 4)}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    with TemporaryFile() as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            while batch := list(islice(rows, ROWS_AT_ONCE)):
                columns = dict(zip(COLUMNS, map(list, zip(*batch, strict=True)), strict=True))
                writer.write_table(pa.table(columns, schema=schema))
        file.seek(0)
        while part := file.read(BYTES_AT_ONCE):
            yield part


class _Echo:
    """A file that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line
