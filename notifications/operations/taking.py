"""Take notifications that are due: the rows are the queue.

Taken ones are left to the taker for a minute. That keeps several takers apart, and no more: what
keeps an email from being sent twice is its attempt (`attempts`).
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import JSONField, QuerySet

from evently.audit.context import facts_for
from evently.database.functions import Clock
from evently.database.prepared import execute_prepared
from evently.transactions import signed_transaction
from notifications.kinds import KINDS, Urgency
from notifications.models import Notification, NotificationStatus

MOST_AT_ONCE = 50
TAKEN_SECONDS = 60

FIELDS = Notification._meta.concrete_fields
COLUMNS = [field.attname for field in FIELDS]
# The clock is in a subquery, so that it is read once and not for each row. Nothing is pending for
# longer than 35 days, so older partitions are not looked at.
DUE = """
    SELECT id, user_id, created_at FROM notifications
    WHERE status = 'pending' AND next_attempt_at <= (SELECT evently_clock())
        AND created_at > (SELECT evently_clock() - interval '35 days')
        AND evently_email_urgency(type) <= %(least_urgent)s
    ORDER BY evently_email_urgency(type), next_attempt_at LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
"""
TAKE = f"""
    WITH context AS MATERIALIZED (SELECT audit_set_context(%(context)s)), due AS ({DUE})
    UPDATE notifications AS notification
    SET next_attempt_at = evently_clock() + make_interval(secs => %(seconds)s)
    FROM due, context
    WHERE notification.id = due.id AND notification.user_id = due.user_id
        AND notification.created_at = due.created_at
    RETURNING
"""  # noqa: S608
TAKE += ", ".join(f"notification.{name}" for name in COLUMNS)

# Of one urgency.
TAKE_ONLY = TAKE.replace("<= %(least_urgent)s", "= %(least_urgent)s")

# The conditions of DUE, without a row to lock.
ANY_DUE = """
    SELECT EXISTS (
        SELECT FROM notifications
        WHERE status = 'pending' AND next_attempt_at <= (SELECT evently_clock())
            AND created_at > (SELECT evently_clock() - interval '35 days')
            AND evently_email_urgency(type) <= %(least_urgent)s
    )
"""

# What a task, or a test, knows of a notification: its id and its user's.
Pair = tuple[UUID, UUID]


def is_any_due(*, least_urgent: Urgency = Urgency.BULK) -> bool:
    """Return whether there is anything to take: prepared, for what asks again and again."""
    ((is_due,),) = execute_prepared(connection, ANY_DUE, {"least_urgent": int(least_urgent)})
    return bool(is_due)


def take(
    *,
    most: int = MOST_AT_ONCE,
    least_urgent: Urgency = Urgency.BULK,
    only: Urgency | None = None,
) -> list[Notification]:
    """Take due notifications, the most urgent first, then in the order of their time.

    only: those of one urgency.
    """
    values = {
        "context": facts_for(connection),
        "least_urgent": int(least_urgent if only is None else only),
        "most": most,
        "seconds": TAKEN_SECONDS,
    }
    statement = TAKE if only is None else TAKE_ONLY
    taken = [_notification(row) for row in execute_prepared(connection, statement, values)]
    return sorted(taken, key=lambda each: (urgency_of(each), each.pk))


def _notification(row: Sequence[Any]) -> Notification:
    values = [
        json.loads(value) if isinstance(field, JSONField) else value
        for field, value in zip(FIELDS, row, strict=True)
    ]
    return Notification.from_db("default", COLUMNS, values)


@signed_transaction()
def give_back(notifications: Sequence[Notification]) -> None:
    """Let others take what was taken and not begun."""
    _rows_of(notifications).update(next_attempt_at=Clock())


def pending_among(pairs: Sequence[Pair]) -> list[Notification]:
    """Return those of some notifications that are pending, in the order given."""
    found = Notification.objects.filter(
        user_id__in={user_id for _, user_id in pairs},
        pk__in=[id_ for id_, _ in pairs],
        status=NotificationStatus.PENDING,
    ).in_bulk()
    return [found[id_] for id_ in dict.fromkeys(id_ for id_, _ in pairs) if id_ in found]


def urgency_of(notification: Notification) -> Urgency:
    """Return how soon the email of a notification is sent."""
    kind = KINDS.get(notification.type)
    return kind.urgency if kind else Urgency.BULK


def _rows_of(notifications: Sequence[Notification]) -> QuerySet[Notification]:
    """Return the rows that are still pending; created_at limits the query to their partitions."""
    times = [each.created_at for each in notifications]
    if not times:
        return Notification.objects.none()
    return Notification.objects.filter(
        user_id__in={each.user_id for each in notifications},
        pk__in=[each.pk for each in notifications],
        created_at__range=(min(times), max(times)),
        status=NotificationStatus.PENDING,
    )
