"""Events by their current price."""

from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, Value

from evently.database.functions import Among, GivenIds
from evently.database.prepared import execute_prepared

# Of more events in a range, some are soon met in any order.
FEW = 500
PRICED = "SELECT evently_priced(%s::numeric, %s::numeric, %s::integer)"


class _AtMost(Func):
    """Whether a price is at most another one.

    Not as a plain condition: without statistics, which a role may not use here, PostgreSQL takes a
    range to hold hardly any row, and would read and sort all events to find them.
    """

    template = "CASE WHEN %(expressions)s THEN true ELSE false END"
    arg_joiner = " <= "
    output_field = BooleanField()


def priced(events: QuerySet[Any], lowest: Decimal | None, highest: Decimal | None) -> QuerySet[Any]:
    """Keep the events whose price lies between two, both included; None for no limit."""
    if lowest is not None:
        events = events.filter(current_price__gte=lowest)
    if highest is not None:
        events = events.filter(_AtMost(F("current_price"), Value(highest)))
    return events


def public_priced(
    events: QuerySet[Any], lowest: Decimal | None, highest: Decimal | None
) -> QuerySet[Any]:
    """Do so among public, active events, of which there may be many; one query if there is a limit.

    Where few of all are in the range, they are looked up by their ids.
    """
    if lowest is None and highest is None:
        return events
    ((few,),) = execute_prepared(connection, PRICED, [lowest, highest, FEW])
    events = priced(events, lowest, highest)
    return events if few is None else events.filter(Among(F("pk"), GivenIds(few)))
