"""The one clock is the database's, so that no two machines disagree about a deadline.

Triggers call `evently_clock()`, Python calls `now()`. It is `clock_timestamp()`, and only the owner
of the database can replace it, which is how tests set the time.
"""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Return the current time of the database, aware, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT evently_clock()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]
