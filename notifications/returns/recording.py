"""Write down what reports say, each once; what follows from them is drawn apart (`applying`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from evently import metrics
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.privacy.addresses import digest_of_address
from evently.transactions import signed_transaction
from notifications.models import EmailDelivery
from notifications.return_models import EmailReturn
from notifications.returns import early
from notifications.returns.reading import MAILBOX
from notifications.returns.reports import Report

# A notification, or the kind of a provider with its id of an email.
Key = UUID | None | tuple[str, str]
Deliveries = dict[Key, EmailDelivery]

# Mail servers give up after five days. A later report is of one who has found an old email.
LATEST = timedelta(days=30)

log = structlog.get_logger(__name__)


@as_worker()
def record(reports: Sequence[Report]) -> int:
    """Record reports in one transaction; return how many were new.

    As the worker: they come from mail servers, which act for nobody. A report about no email of the
    delivery log is left out: it is of another program, forged, or about an email too long ago. One
    by a service's id is kept while an email is being handed to that service (`early`).
    """
    with signed_transaction():
        kinds = early.kinds_under_way(reports)
        deliveries = _deliveries_of(reports)
        found = [(report, _row(report, deliveries)) for report in reports]
        rows = [row for _, row in found if row is not None]
        known = set(
            EmailReturn.objects.filter(digest__in=[row.digest for row in rows]).values_list(
                "digest", flat=True
            )
        )
        new = {row.digest: row for row in rows if row.digest not in known}
        # Another process may record the same meanwhile.
        EmailReturn.objects.bulk_create(new.values(), ignore_conflicts=True)
        lost = [report for report, row in found if row is None]
        kept = early.keep(lost, kinds=kinds) if kinds else 0
    for row in new.values():
        metrics.email_returns.labels(row.outcome).inc()
    unknown = len(reports) - len(rows) - kept
    if unknown:
        metrics.email_returns.labels("unknown").inc(unknown)
    log.info(
        "returns_recorded",
        new=len(new),
        repeated=len(rows) - len(new),
        unknown=unknown,
        early=kept,
    )
    return len(new)


def _deliveries_of(reports: Sequence[Report]) -> Deliveries:
    """Return the emails that reports name: by their notifications, or by a service's id."""
    emails = EmailDelivery.objects.select_related("user__person_key")
    ids = {id_ for report in reports for id_ in _ids_of(report)}
    found: Deliveries = {}
    if ids:
        found |= {email.notification_id: email for email in emails.filter(notification_id__in=ids)}
    named = {report.message_id for report in reports if report.named is None and report.message_id}
    if named:
        # Of another service with the same id, there is none.
        for email in emails.filter(provider_message_id__in=named):
            kind = email.provider.partition(":")[0]
            found[kind, email.provider_message_id] = email
    return found


def _ids_of(report: Report) -> tuple[UUID, ...]:
    return (report.named.notification_id,) if report.named else report.hints


def _row(report: Report, deliveries: Deliveries) -> EmailReturn | None:
    keys: list[Key] = list(_ids_of(report))
    if report.named is None and report.message_id:
        keys.append((report.provider, report.message_id))
    email = next((deliveries[key] for key in keys if key in deliveries), None)
    if email is None:
        return None
    address = email.recipient
    is_current = bool(address) and report.is_about(address)
    at = now()
    return EmailReturn(
        delivery_id=email.pk,
        user_id=email.user_id,
        event_id=email.event_id,
        outcome=report.verdict.outcome,
        reason=report.verdict.reason,
        code=report.verdict.code,
        is_permanent=report.verdict.is_permanent,
        is_proven=report.is_proven and not _is_too_late(report, email, at=at),
        source=report.source,
        digest=report.digest,
        address_digest=digest_of_address(address) if is_current else "",
        occurred_at=min(report.at or at, at),
    )


def _is_too_late(report: Report, email: EmailDelivery, *, at: datetime) -> bool:
    """Return whether a report by email comes long after the email that it is about."""
    sent_at = email.last_attempt_at or email.created_at
    return report.source == MAILBOX and at - sent_at > LATEST
