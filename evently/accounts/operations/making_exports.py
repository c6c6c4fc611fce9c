"""Making the files of exports, telling their owners, and deleting them after a week.

The row says what is due: a periodic task makes files whose task was lost. While cold storage does
not answer, a file waits for it, and is made without those months in the end: its owner is told.
"""

import time
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Any
from uuid import UUID

import structlog
from django.db.models import F, Q, QuerySet

from evently.accounts.export_file import data_of, sealed_parts, unread_months
from evently.accounts.locks import UserNotFound, lock_user
from evently.accounts.models import DataExport, DataExportPart, ExportStatus, User
from evently.accounts.signals import data_export_ready
from evently.database.clock import now
from evently.lifecycle.failures import ColdStorageUnreachable
from evently.sweeps import for_each_export
from evently.transactions import run_in_transaction

KEPT_FOR = timedelta(days=7)
MOST_ATTEMPTS = 5
# A task that has begun is given up after that time, longer than tasks may take.
STALLED_AFTER = timedelta(minutes=10)
BATCH = 100
# A run of the periodic task begins no more files then: a file may take a while.
BEGIN_SECONDS = 60.0

log = structlog.get_logger(__name__)


def make_export(*, export_id: UUID) -> None:
    """Make the file of a requested export and have its owner told; do nothing if it is made.

    Runs once at a time; what fails is tried again by `make_due_exports`.
    """
    at = now()
    claimed = _due(at).filter(pk=export_id).update(started_at=at, attempts=F("attempts") + 1)
    export = DataExport.objects.filter(pk=export_id).first()
    if not claimed or export is None:
        return
    user = User.objects.with_keys().filter(pk=export.user_id, deleted_at__isnull=True).first()
    if user is None or user.key is None:
        DataExport.objects.filter(pk=export_id).delete()
        return
    try:
        data = data_of(user, insist=export.attempts < MOST_ATTEMPTS)
    except ColdStorageUnreachable as failure:
        # Due again after STALLED_AFTER; with the last attempt, it does without.
        log.warning("data_export_waits", export_id=str(export_id), problem=failure.text)
        return
    run_in_transaction(lambda: _store(export, data))


def _store(export: DataExport, data: dict[str, Any]) -> None:
    """Insert the file, unless another task was faster or the owner was erased meanwhile."""
    try:
        user = lock_user(export.user_id)
    except UserNotFound:
        return
    locked = DataExport.objects.select_for_update().filter(
        pk=export.pk, status=ExportStatus.REQUESTED, started_at=export.started_at
    )
    if user.key is None or (current := locked.first()) is None:
        return
    for part in sealed_parts(data, current, user):
        part.save(force_insert=True)
    _replace_older(user)
    current.status, current.ready_at = ExportStatus.READY, now()
    current.expires_at = current.ready_at + KEPT_FOR
    current.unread_months = unread_months(data)
    current.save(
        update_fields=[
            *("status", "ready_at", "expires_at", "size_bytes", "parts", "unread_months")
        ]
    )
    data_export_ready.send(sender=User, user=user, export=current)


def _replace_older(user: User) -> None:
    """Delete an older file of a user. Its row stays, to count the requests of a day."""
    older = DataExport.objects.filter(user_id=user.pk, status=ExportStatus.READY)
    DataExportPart.objects.filter(
        user_id=user.pk, export_id__in=list(older.values_list("pk", flat=True))
    ).delete()
    older.update(
        status=ExportStatus.REPLACED, ready_at=None, expires_at=None, size_bytes=None, parts=None
    )


def make_due_exports() -> None:
    """Make the files whose task was lost, and give up on those that failed again and again."""
    at = now()
    given_up = DataExport.objects.filter(
        Q(started_at__lte=at - STALLED_AFTER),
        status=ExportStatus.REQUESTED,
        attempts__gte=MOST_ATTEMPTS,
    )
    for export_id in list(given_up.values_list("pk", flat=True)[:BATCH]):
        run_in_transaction(partial(_give_up, export_id))
    due = _due(at).order_by("requested_at", "id").values_list("pk", flat=True)
    end = time.monotonic() + BEGIN_SECONDS
    in_time = takewhile(lambda _: time.monotonic() < end, list(due[:BATCH]))
    for_each_export("make_due_exports", in_time, make_export)


def _give_up(export_id: UUID) -> None:
    DataExport.objects.filter(pk=export_id, status=ExportStatus.REQUESTED).update(
        status=ExportStatus.FAILED
    )
    log.error("data_export_failed", export_id=str(export_id))


def delete_old_exports() -> int:
    """Delete files that are a week old, and rows of other requests then; return how many."""
    at = now()
    old = DataExport.objects.filter(
        Q(status=ExportStatus.READY, expires_at__lte=at)
        | Q(
            status__in=(ExportStatus.FAILED, ExportStatus.REPLACED),
            requested_at__lte=at - KEPT_FOR,
        )
    )
    total = 0
    while ids := list(old.order_by("id").values_list("pk", flat=True)[:BATCH]):
        run_in_transaction(DataExport.objects.filter(pk__in=ids).delete)
        total += len(ids)
    return total


def _due(at: datetime) -> QuerySet[DataExport]:
    """Return the exports to make: requested, and not being made by a task."""
    return DataExport.objects.filter(
        Q(started_at__isnull=True) | Q(started_at__lte=at - STALLED_AFTER),
        status=ExportStatus.REQUESTED,
        attempts__lt=MOST_ATTEMPTS,
    )
