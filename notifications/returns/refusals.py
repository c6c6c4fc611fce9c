"""Recipients that the mail server refuses at once: hard bounces, of which no email comes back."""

import smtplib
from hashlib import sha256

from notifications.operations.attempts import Attempt
from notifications.return_models import ReturnOutcome
from notifications.returns.recording import record
from notifications.returns.reports import Report, Verdict
from notifications.returns.status_codes import Meaning, meaning_of
from notifications.returns.tokens import read_token, token_of

SMTP = "smtp"


def record_refusal(error: BaseException | None, attempt: Attempt, *, address: str) -> None:
    """Record what an error of sending says of the address, if anything; a task applies it."""
    meaning = _meaning_of(error)
    if meaning is None or not meaning.is_permanent:
        return
    report = Report(
        verdict=Verdict(ReturnOutcome.BOUNCED, meaning.reason, meaning.code, is_permanent=True),
        source=SMTP,
        digest=sha256(f"smtp:{attempt.id}".encode()).hexdigest(),
        named=read_token(token_of(attempt.notification.pk, address)),
    )
    record([report])


def _meaning_of(error: BaseException | None) -> Meaning | None:
    if not isinstance(error, smtplib.SMTPRecipientsRefused) or len(error.recipients) != 1:
        return None
    ((code, reply),) = error.recipients.values()
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return meaning_of("", f"{code} {words}")
