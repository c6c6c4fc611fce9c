"""Send many emails again: batch by batch, in the background, with the progress in a row.

Each batch is a transaction that also notes how far the run is: after a crash, the next call goes on
there, and no email is dealt with twice.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import F

from evently.database.functions import Clock
from evently.database.identity import as_worker
from evently.transactions import run_in_transaction
from notifications.models import EmailDelivery, ResendRun
from notifications.operations.resent_rows import (
    EMAILS_PER_TRANSACTION,
    Resent,
    ResentTooOften,
    make_due,
)

Result = TypeVar("Result")

# Two requests that met at the limit of an email: the second look finds what the first has sent.
TRIES = 3
# Locks the run, and leaves it to whoever works on it.
NEXT = """
    SELECT user_id, event_id, delivery_ids[done + 1 : done + %(most)s], done,
        cardinality(delivery_ids)
    FROM resend_runs WHERE id = %(id)s AND finished_at IS NULL
    FOR NO KEY UPDATE SKIP LOCKED
"""


def carry_on(*, run_id: UUID) -> None:
    """Deal with all that is left of a run, batch by batch."""
    while advance(run_id=run_id):
        pass


@as_worker()
def advance(*, run_id: UUID) -> bool:
    """Deal with the next emails of a run; return whether any are left to this caller.

    As the worker, since only that may note the progress.
    """
    return retrying(lambda: run_in_transaction(partial(_advance, run_id)))


@as_worker()
def first_batch(run: ResendRun) -> bool:
    """Deal with the first emails of a new run, in the transaction that adds it; as `advance`.

    Raises ResentTooOften, for `retrying`.
    """
    return _advance(run.pk)


def retrying(work: Callable[[], Result]) -> Result:
    """Call what runs a transaction, again where another request sent the same emails meanwhile."""
    for number in range(1, TRIES + 1):
        try:
            return work()
        except ResentTooOften:
            if number == TRIES:
                raise
    raise AssertionError("unreachable")


def open_runs() -> list[UUID]:
    """Return the runs that are not finished, the oldest first."""
    runs = ResendRun.objects.filter(finished_at__isnull=True)
    return list(runs.order_by("created_at", "pk").values_list("pk", flat=True))


def _advance(run_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(NEXT, {"id": run_id, "most": EMAILS_PER_TRANSACTION})
        row = cursor.fetchone()
    if row is None:
        return False
    user_id, event_id, ids, done, total = row
    rows = EmailDelivery.objects.filter(pk__in=ids)
    if event_id is not None:
        # Whatever the list says: emails of this event only.
        rows = rows.filter(event_id=event_id)
    found = list(rows.values_list("pk", flat=True))
    result = make_due(found, by_id=user_id) if found else Resent()
    is_last = done + len(ids) >= total
    run = ResendRun.objects.get(pk=run_id)
    ResendRun.objects.filter(pk=run_id).update(
        done=done + len(ids),
        sent=F("sent") + result.sent,
        waiting=F("waiting") + result.waiting,
        too_often=F("too_often") + result.too_often,
        gone=F("gone") + result.gone + len(ids) - len(found),
        suppressed=dict(Counter(run.suppressed) + Counter(result.suppressed)),
        finished_at=Clock() if is_last else None,
    )
    return not is_last
