"""A report: what a mail server or an email service says became of an email."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from notifications.return_models import ReturnOutcome, ReturnReason
from notifications.returns.tokens import Named


@dataclass(frozen=True)
class Verdict:
    """What a report says, whichever email it is about. code: of RFC 3463, or ""."""

    outcome: ReturnOutcome
    reason: ReturnReason = ReturnReason.NONE
    code: str = ""
    is_permanent: bool = False


@dataclass(frozen=True)
class Report:
    """What became of one email.

    named: by its token; None where there was no valid one. hints: notifications by Message-ID, for
    reports without a token. source: "mailbox", or the email service. digest: the same for the same
    report, so that it counts once. at: when it happened; None: now.
    """

    verdict: Verdict
    source: str
    digest: str
    named: Named | None = None
    hints: tuple[UUID, ...] = ()
    at: datetime | None = None
