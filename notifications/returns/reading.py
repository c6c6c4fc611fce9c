"""Read a report from the bytes of an email: pure, without the database.

An email that is no report about one of ours, such as a reply or a holiday notice, gives none. Nor
does one that the parser chokes on, or would take minutes for: anyone can write to this mailbox.
"""

import re
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from hashlib import sha256

import structlog

from notifications.returns.complaints import complaint_of
from notifications.returns.delivery_status import delivery_status_of
from notifications.returns.plain_bounces import plain_bounce_of
from notifications.returns.reports import Report, Verdict
from notifications.returns.tokens import named_in, notification_ids_in

MAILBOX = "mailbox"
MOST_BYTES = 4_000_000
# Each line is compared with the boundaries of all parts around it, and looked at by each detector.
# An email of MOST_BYTES in Base64 has 52,000 lines; a report has two or three boundaries.
MOST_LINES, MOST_BOUNDARIES = 60_000, 20
BOUNDARY = re.compile(rb"boundary", re.IGNORECASE)

# What parsers raise for what they do not understand.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MessageError,
    RecursionError,
    TypeError,
    ValueError,
)

log = structlog.get_logger(__name__)


def read_report(raw: bytes, *, recipient: str = "") -> Report | None:
    """Return the report that an email is; None where it is none.

    recipient: the address that the email was sent to, where the mail server says so apart from it.
    """
    raw = raw[:MOST_BYTES]
    if _is_too_laborious(raw):
        log.warning("report_unreadable", error="TooLaborious")
        return None
    try:
        return _read(raw, recipient)
    except UNREADABLE as error:
        log.warning("report_unreadable", error=type(error).__name__)
        return None


def _is_too_laborious(raw: bytes) -> bool:
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    return lines > MOST_LINES or len(BOUNDARY.findall(raw)) > MOST_BOUNDARIES


def _read(raw: bytes, recipient: str) -> Report | None:
    # The tolerant policy: reports have headers of all kinds.
    message: Message = BytesParser(policy=compat32).parsebytes(raw)
    verdict = verdict_of(message)
    if verdict is None:
        return None
    named = named_in(recipient.encode("utf-8", "replace")) or named_in(raw)
    return Report(
        verdict=verdict,
        source=MAILBOX,
        digest=_digest(message, raw),
        named=named,
        hints=tuple(notification_ids_in(raw)) if named is None else (),
    )


def verdict_of(message: Message) -> Verdict | None:
    """Return what an email says of another one, or None."""
    return complaint_of(message) or delivery_status_of(message) or plain_bounce_of(message)


def _digest(message: Message, raw: bytes) -> str:
    """Return what is the same for one report that comes twice, by different ways too."""
    own_id = str(message.get("Message-ID", "")).strip()
    key = own_id.encode("utf-8", "replace") if len(own_id) > len("<@>") else raw
    return sha256(b"mailbox:" + key).hexdigest()
