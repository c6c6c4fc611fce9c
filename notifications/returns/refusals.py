"""Recipients that the mail server refuses at once: hard bounces, of which no email comes back."""

import smtplib
from hashlib import sha256
from uuid import UUID

from notifications.return_models import ReturnOutcome
from notifications.returns.reports import Report, Verdict
from notifications.returns.status_codes import meaning_of
from notifications.returns.tokens import read_token, token_of

SMTP = "smtp"


def refusal_of(
    error: BaseException | None, *, notification_id: UUID, attempt_id: UUID, address: str
) -> Report | None:
    """Return the report that an error of sending is; None where it says nothing of the address.

    address: as in the delivery log, whose email it was.
    """
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return None
    answers = list(error.recipients.values())
    if len(answers) != 1:
        return None
    ((code, reply),) = answers
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    meaning = meaning_of("", f"{code} {words}")
    if not meaning.is_permanent:
        return None
    return Report(
        verdict=Verdict(ReturnOutcome.BOUNCED, meaning.reason, meaning.code, is_permanent=True),
        source=SMTP,
        digest=sha256(f"smtp:{attempt_id}".encode()).hexdigest(),
        named=read_token(token_of(notification_id, address)),
    )
