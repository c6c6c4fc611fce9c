"""Who shares a mailbox at an event: a hint for organizers, which proves nothing.

Families and offices share a mailbox, too. So it is shown in neutral words, and nothing follows from
it but the limits that the event has per person.
"""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from evently.formatting import counted


def people_sharing(rows: QuerySet[Any]) -> Coalesce:
    """Return an expression: how many other users among these rows share a row's mailbox.

    rows: of bookings, or of another table with event, user and mailbox. Only rows of the same
    event count; for a row without a mailbox, none.
    """
    others = rows.filter(event_id=OuterRef("event_id"), mailbox=OuterRef("mailbox"))
    others = others.exclude(user_id=OuterRef("user_id")).order_by()
    users = others.values("mailbox").annotate(users=Count("user_id", distinct=True))
    return Coalesce(Subquery(users.values("users")), 0)


def shared_mailbox(others: int) -> str:
    """Return "Same mailbox as 2 others"; "" where there are none."""
    return f"Same mailbox as {counted(others, 'other')}" if others else ""
