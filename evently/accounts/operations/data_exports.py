"""Exports of a person's data, as their owner requests and downloads them.

`making_exports` makes the files. To download one, its owner has to be logged in: the link in the
email alone shows nothing, as mailboxes are shared and emails are forwarded.
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import structlog

from evently.accounts import tasks
from evently.accounts.export_file import opened_parts
from evently.accounts.locks import lock_user
from evently.accounts.models import DataExport, ExportStatus, User
from evently.database.clock import now
from evently.enqueue import enqueue_on_commit
from evently.errors import Busy, NotFound
from evently.idempotency.keys import Idempotency
from evently.transactions import run_in_transaction

MOST_PER_DAY = 3
DAY = timedelta(days=1)

log = structlog.get_logger(__name__)


class TooManyExports(Busy):
    code = "too_many_exports"
    message = (
        f"You can request your data {MOST_PER_DAY} times a day. Please use the last one, or try"
        " again tomorrow."
    )
    retry_after_seconds = 3600


class ExportNotFound(NotFound):
    message = "This export does not exist any more. Files are deleted after 7 days."


def request_export(
    *, user_id: UUID, session: str | None = None, idempotency: Idempotency | None = None
) -> DataExport:
    """Request the file of all data about a user, or return the request that is still open.

    session: the caller's `get_session_auth_hash()`; see `lock_user`.
    Raises TooManyExports, UserNotFound, SessionEnded.
    """

    def work() -> DataExport:
        # Two requests at once are one: the second waits for the lock, and finds the first.
        lock_user(user_id, session=session)
        exports = DataExport.objects.filter(user_id=user_id)
        if (open_one := exports.filter(status=ExportStatus.REQUESTED).first()) is not None:
            return open_one
        if exports.filter(requested_at__gt=now() - DAY).count() >= MOST_PER_DAY:
            raise TooManyExports
        export = DataExport.objects.create(user_id=user_id)
        enqueue_on_commit(tasks.make_data_export, str(export.pk))
        return export

    return run_in_transaction(work, idempotency=idempotency)


def export_to_download(*, user: User, export_id: UUID) -> DataExport:
    """Return a ready export of this user. Raises ExportNotFound."""
    export = DataExport.objects.filter(
        pk=export_id, user_id=user.pk, status=ExportStatus.READY, expires_at__gt=now()
    ).first()
    if export is None or user.key is None:
        raise ExportNotFound
    return export


def file_of(*, user: User, export: DataExport) -> Iterator[bytes]:
    """Yield the file of an export of this user, and log that it has left. Raises ExportNotFound."""
    if user.key is None:
        raise ExportNotFound
    log.info("data_export_downloaded", export_id=str(export.pk), user_id=str(user.pk))
    return opened_parts(export, user.key)
