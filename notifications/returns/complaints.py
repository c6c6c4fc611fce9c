"""Complaints: reports that a recipient has marked an email as spam (ARF, RFC 5965)."""

from email.message import Message

from notifications.return_models import ReturnOutcome, ReturnReason
from notifications.returns.parts import blocks_of, header, part_of_type
from notifications.returns.reports import Verdict

# Not those that take an email for none (`not-spam`), nor those about authentication (RFC 6591).
COMPLAINTS = {"abuse", "fraud", "opt-out", "miscategorized"}


def complaint_of(message: Message) -> Verdict | None:
    """Return the complaint that an email is; None where it is none."""
    part = part_of_type(message, "message/feedback-report")
    if part is None:
        return None
    kinds = {header(block, "Feedback-Type").lower() for block in blocks_of(part)}
    if not kinds & COMPLAINTS:
        return None
    return Verdict(ReturnOutcome.COMPLAINED, ReturnReason.SPAM, is_permanent=True)
