"""Reports that come before the email's id is stored: kept for a while, and matched then.

A service may report within milliseconds, and the mailer stores the id that it gave an email with
the next one. Reports with a token need no id. The others are kept while an email is being handed to
a service of that kind, up to a number and for a time: an account that other programs use, too,
reports about their emails as well, and those ids never come.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from hashlib import sha256

from evently import metrics
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.identity import as_worker
from evently.privacy.addresses import digest_of_address
from evently.transactions import signed_transaction
from notifications.early_models import EarlyReport
from notifications.models import DeliveryStatus, EmailDelivery
from notifications.providers.connection import LONGEST_ID
from notifications.return_models import EmailReturn
from notifications.returns.reports import Report

MOST_KEPT = 10_000
KEPT = timedelta(hours=1)
AT_ONCE = 500


def kinds_under_way(reports: Sequence[Report]) -> set[str]:
    """Return the services among those of reports that are being handed an email.

    Asked before ids are looked for: then an id is found, or the email was seen under way.
    """
    wanted = {report.provider for report in reports if _is_by_id(report)}
    if not wanted:
        return set()
    names = EmailDelivery.objects.filter(
        status=DeliveryStatus.PENDING,
        attempt__isnull=False,
        last_attempt_at__gte=Clock() - KEPT,
    ).values_list("provider", flat=True)
    return wanted & {name.partition(":")[0] for name in names.distinct()}


def keep(reports: Sequence[Report], *, kinds: Collection[str]) -> int:
    """Keep reports that found no email, in the caller's transaction; return how many.

    kinds: the services that are being handed an email. The oldest go where there are too many.
    """
    rows = [_row(each) for each in reports if _is_by_id(each) and each.provider in kinds]
    EarlyReport.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        newest = EarlyReport.objects.order_by("-pk").values("pk")
        EarlyReport.objects.filter(pk__in=newest[MOST_KEPT:]).delete()
    return len(rows)


@as_worker()
def match() -> int:
    """Record the reports whose email has its id by now; return how many. Older ones are deleted."""
    number, after = 0, None
    while True:
        with signed_transaction():
            rows = EarlyReport.objects.select_for_update(skip_locked=True).order_by("pk")
            found = list((rows.filter(pk__gt=after) if after else rows)[:AT_ONCE])
            number += _match(found)
        if len(found) < AT_ONCE:
            return number
        after = found[-1].pk


def _match(rows: Sequence[EarlyReport]) -> int:
    if not rows:
        return 0
    emails = {
        (email.provider.partition(":")[0].replace("-", "_"), email.provider_message_id): email
        for email in EmailDelivery.objects.select_related("user__person_key").filter(
            provider_message_id__in={row.message_id for row in rows}
        )
    }
    matched = [
        (row, emails[row.source, row.message_id])
        for row in rows
        if (row.source, row.message_id) in emails
    ]
    # It may have been reported again, and found its email.
    EmailReturn.objects.bulk_create(
        [_returned(row, email) for row, email in matched], ignore_conflicts=True
    )
    for row, _ in matched:
        metrics.email_returns.labels(row.outcome).inc()
    too_old = [row for row in rows if row.created_at < now() - KEPT]
    done = {row.pk for row, _ in matched}
    unknown = [row.pk for row in too_old if row.pk not in done]
    if unknown:
        metrics.email_returns.labels("unknown").inc(len(unknown))
    EarlyReport.objects.filter(pk__in=[*done, *unknown]).delete()
    return len(matched)


def _is_by_id(report: Report) -> bool:
    """Tell whether a report names its email by a service's id alone."""
    id_ = report.message_id
    is_storable = id_.isascii() and id_.isprintable() and " " not in id_
    return report.named is None and is_storable and 0 < len(id_) <= LONGEST_ID


def _row(report: Report) -> EarlyReport:
    at = now()
    return EarlyReport(
        message_id=report.message_id,
        recipient_digest=_digest(report.message_id, report.recipient),
        outcome=report.verdict.outcome,
        reason=report.verdict.reason,
        code=report.verdict.code,
        is_permanent=report.verdict.is_permanent,
        source=report.source,
        digest=report.digest,
        occurred_at=min(report.at or at, at),
    )


def _returned(row: EarlyReport, email: EmailDelivery) -> EmailReturn:
    address = email.recipient
    is_current = bool(address) and row.recipient_digest in ("", _digest(row.message_id, address))
    return EmailReturn(
        delivery_id=email.pk,
        user_id=email.user_id,
        event_id=email.event_id,
        outcome=row.outcome,
        reason=row.reason,
        code=row.code,
        is_permanent=row.is_permanent,
        is_proven=True,
        source=row.source,
        digest=row.digest,
        address_digest=digest_of_address(address) if is_current else "",
        occurred_at=row.occurred_at,
    )


def _digest(message_id: str, address: str) -> str:
    """Return a digest of an address that only those can compare who know the email's id, too."""
    if not address:
        return ""
    text = f"{message_id} {address.casefold()}"
    return sha256(text.encode("utf-8", "replace")).hexdigest()
