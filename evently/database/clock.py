"""The one clock is the database's, so that no two machines disagree about a deadline.

Triggers call `evently_clock()`, Python calls `now()`. It is `clock_timestamp()`, and only the owner
of the database can replace it, which is how tests set the time.
"""

from datetime import datetime

from django.db import connection

from evently.database.prepared import execute_prepared


def now() -> datetime:
    """Return the current time of the database, aware, in UTC."""
    at: datetime
    ((at,),) = execute_prepared(connection, "SELECT evently_clock()", [])
    return at
