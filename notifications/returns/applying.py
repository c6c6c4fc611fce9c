"""Draw what follows from reports: the state of the email, and the suppression list.

It does not matter in which order reports come. The state of an email only rises, from sent over
delivered to bounced; a report that it is deferred changes nothing once there was another.
"""

from collections.abc import Callable
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import QuerySet

from evently.accounts.models import User
from evently.database.functions import Clock
from evently.privacy.addresses import digests_of_address
from evently.transactions import run_in_transaction
from notifications import offers
from notifications.failures import returned
from notifications.models import (
    DeliveryStatus,
    EmailDelivery,
    Notification,
    NotificationStatus,
)
from notifications.operations.attempts import lock_number
from notifications.return_models import EmailReturn, ReturnOutcome, SuppressionReason
from notifications.returns import early, suppressing

AT_ONCE = 500
# Sent, or maybe: the mail server's answer was lost, and it is sent again unless a report says that
# it has arrived.
OUT = (DeliveryStatus.PENDING, DeliveryStatus.SENT)
ARRIVING = (*OUT, DeliveryStatus.FAILED)

log = structlog.get_logger(__name__)


def apply_all() -> int:
    """Apply what is recorded and not applied yet; return how many reports were.

    Those whose email is being sent at this moment are left to the next call. Before, reports that
    came too early are recorded (`early`).
    """
    try:
        early.match()
    except Exception:
        # It must not hold up what is recorded, and is tried again by the next call.
        log.exception("early_reports_not_matched")
    number, after = 0, UUID(int=0)
    rows = EmailReturn.objects.filter(applied_at__isnull=True).order_by("pk")
    while ids := list(rows.filter(pk__gt=after).values_list("pk", flat=True)[:AT_ONCE]):
        after = ids[-1]
        number += sum(_apply_one(id_) for id_ in ids)
    return number


def _apply_one(return_id: UUID) -> bool:
    try:
        return run_in_transaction(lambda: apply(return_id))
    except Exception:
        # It must not hold up the others, and stays due.
        log.exception("return_not_applied", return_id=str(return_id))
        return False


def apply(return_id: UUID) -> bool:
    """Apply a report in the caller's transaction; False where that has to wait."""
    row = (
        EmailReturn.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=return_id, applied_at__isnull=True)
        .first()
    )
    if row is None:
        return False
    email = EmailDelivery.objects.filter(pk=row.delivery_id, user_id=row.user_id).first()
    if email is not None:
        if not _is_quiet(email):
            return False
        _follow(row, email)
    EmailReturn.objects.filter(pk=row.pk, user_id=row.user_id).update(applied_at=Clock())
    return True


def _is_quiet(email: EmailDelivery) -> bool:
    """Return whether no attempt to send it is under way, until the end of the transaction."""
    if email.notification_id is None:
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_number(email.notification_id)])
        return bool(cursor.fetchone()[0])


def _follow(row: EmailReturn, email: EmailDelivery) -> None:
    user = User.objects.with_keys().filter(pk=row.user_id, deleted_at__isnull=True).first()
    if user is None:
        return
    email.user = user
    address = email.recipient
    if not row.address_digest or row.address_digest not in digests_of_address(address):
        # About an address that the email no longer goes to.
        return
    FOLLOW[ReturnOutcome(row.outcome)](row, email, address)


def _delivered(row: EmailReturn, email: EmailDelivery, address: str) -> None:
    changed = _rows(email, *ARRIVING).update(
        status=DeliveryStatus.DELIVERED,
        delivered_at=row.occurred_at,
        error_message="",
        attempt=None,
    )
    if changed and email.status != DeliveryStatus.SENT:
        _notification(email).update(status=NotificationStatus.SENT, sent_at=row.occurred_at)
    if row.is_proven:
        suppressing.has_arrived(address)


def _deferred(row: EmailReturn, email: EmailDelivery, address: str) -> None:
    _rows(email, DeliveryStatus.SENT).update(error_message=returned(row))


def _bounced(row: EmailReturn, email: EmailDelivery, address: str) -> None:
    changed = _rows(email, *OUT, DeliveryStatus.DELIVERED).update(
        status=DeliveryStatus.BOUNCED, error_message=returned(row), attempt=None
    )
    if changed and email.status == DeliveryStatus.PENDING:
        _notification(email).update(status=NotificationStatus.FAILED)
    if not row.is_proven:
        return
    if row.is_permanent:
        _suppress(row, email, address, SuppressionReason.HARD_BOUNCE)
    elif suppressing.keeps_bouncing(row):
        _suppress(row, email, address, SuppressionReason.SOFT_BOUNCES)
    if changed:
        # Last, so that its message is the first in the inbox.
        offers.follow(_notification(email).first())


def _complained(row: EmailReturn, email: EmailDelivery, address: str) -> None:
    # It has arrived. The organizer sees why the next ones do not.
    _rows(email, *ARRIVING, DeliveryStatus.DELIVERED).update(
        status=DeliveryStatus.DELIVERED, error_message=returned(row), attempt=None
    )
    if row.is_proven:
        _suppress(row, email, address, SuppressionReason.COMPLAINT)


FOLLOW: dict[ReturnOutcome, Callable[[EmailReturn, EmailDelivery, str], None]] = {
    ReturnOutcome.DELIVERED: _delivered,
    ReturnOutcome.DEFERRED: _deferred,
    ReturnOutcome.BOUNCED: _bounced,
    ReturnOutcome.COMPLAINED: _complained,
}


def _suppress(
    row: EmailReturn, email: EmailDelivery, address: str, reason: SuppressionReason
) -> None:
    suppressing.suppress(row=row, user=email.user, address=address, reason=reason)
    log.info("address_suppressed", return_id=str(row.pk), reason=reason.value)


def _rows(email: EmailDelivery, *statuses: DeliveryStatus) -> QuerySet[EmailDelivery]:
    return EmailDelivery.objects.filter(pk=email.pk, user_id=email.user_id, status__in=statuses)


def _notification(email: EmailDelivery) -> QuerySet[Notification]:
    ids = [email.notification_id] if email.notification_id else []
    return Notification.objects.filter(pk__in=ids, user_id=email.user_id)
