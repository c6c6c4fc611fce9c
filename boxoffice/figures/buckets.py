"""When the bucket of a moment begins, in SQL: as `reading.buckets` has it."""

import re

# PostgreSQL takes the second of two midnights, so that the first hour of a day in which clocks are
# put back at 1:00, as in the Azores and on Cuba, would lie before its day: the moment after the
# last second of the day before is the first. Where that second is skipped, midnight is right.
BEGINS = r"""least(
    date_trunc(%(resolution)s, \1, \2),
    (date_trunc(%(resolution)s, \1 AT TIME ZONE \2) - interval '1 second') AT TIME ZONE \2
        + interval '1 second')"""


def with_buckets(statement: str) -> str:
    """Return a statement with an expression in place of each `bucket_of(moment, zone)`.

    It has the parameter `resolution`: "minute", "hour" or "day".
    """
    return re.sub(r"\bbucket_of\(([^\s,]+), ([^\s,)]+)\)", BEGINS, statement)
