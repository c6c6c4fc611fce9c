"""What the status codes of mail servers (RFC 3463) and their words mean for an address.

A bounce is permanent only where it says that the address does not exist or is closed. Everything
else that mail servers refuse for good, such as an email they take for spam, says nothing about the
address, and counts as a soft bounce: wrongly giving up an address costs its owner their tickets.
"""

import re
from dataclasses import dataclass

from notifications.return_models import ReturnReason

ADDRESS_REASONS = frozenset(
    {ReturnReason.NO_MAILBOX, ReturnReason.NO_DOMAIN, ReturnReason.DISABLED}
)
# By subject and detail of the code; of any class.
BY_DETAIL = {
    "1.1": ReturnReason.NO_MAILBOX,
    "1.2": ReturnReason.NO_DOMAIN,
    "1.3": ReturnReason.NO_MAILBOX,
    "1.6": ReturnReason.NO_MAILBOX,
    # Of the sender's mailbox and domain.
    "1.7": ReturnReason.BLOCKED,
    "1.8": ReturnReason.BLOCKED,
    "1.10": ReturnReason.NO_MAILBOX,
    "2.1": ReturnReason.DISABLED,
    "2.2": ReturnReason.FULL,
    "2.3": ReturnReason.TOO_LARGE,
    "3.4": ReturnReason.TOO_LARGE,
    "4.4": ReturnReason.NO_DOMAIN,
    "4.7": ReturnReason.EXPIRED,
}
BY_SUBJECT = {"7": ReturnReason.BLOCKED}
# Looked for where the code says too little, in this order: what servers say of blocked emails often
# has words of the others in it.
WORDS = (
    (
        ReturnReason.FULL,
        r"quota|(?:mailbox|inbox|postfach)\b.{0,20}\b(?:full|voll)|out of storage"
        r"|insufficient (?:system )?storage",
    ),
    (
        ReturnReason.BLOCKED,
        r"\bspam|black ?list|block ?list|\bblocked\b|\bpolicy\b|reputation|\bspf\b|\bdkim\b"
        r"|\bdmarc\b|\brbl\b|rate limit|too many (?:messages|connections)|greylist"
        # About this site: its domain or mail server that cannot be looked up, say. The words after
        # that are those of recipients who do not exist.
        r"|sender(?:.s)? (?:address (?:rejected|refused|has)|domain|host|verif)"
        r"|verification failed for|callback|callout|from: domain|domain of (?:the )?sender"
        r"|\bhelo\b|\behlo\b|\bptr\b|reverse (?:dns|lookup)|\brdns\b|resource record"
        r"|\brelay(?:ing)?\b.{0,20}\b(?:not permitted|denied|prohibited)|(?:user|mailbox): sender"
        r"|\b(?:your|sending|client) (?:host|ip|server|dns|domain|mail ?server)\b",
    ),
    (ReturnReason.TOO_LARGE, r"(?:message|size).{0,30}(?:too (?:large|big)|exceeds)"),
    (
        ReturnReason.DISABLED,
        r"(?:account|mailbox|user|address|recipient)\b.{0,40}\b(?:disabled|inactive|suspended"
        r"|deactivated|closed)",
    ),
    (
        ReturnReason.NO_MAILBOX,
        r"(?:user|recipient|mailbox|account)\b.{0,20}\bunknown|unknown (?:user|recipient|mailbox)"
        r"|no such (?:user|mailbox|recipient|address|person)|no mailbox (?:here )?by that name"
        r"|mailbox (?:is )?(?:unavailable|not found)|(?:does not|doesn.t) exist|invalid recipient"
        r"|recipient ?not ?found|recipient address rejected: access denied|unrouteable address"
        r"|(?:couldn.t|wasn.t|could not|was not) (?:be )?found|address not found"
        r"|empf.{1,6}nger.{0,20}(?:unbekannt|existiert nicht)|existiert nicht"
        r"|not a valid mailbox",
    ),
    (
        ReturnReason.NO_DOMAIN,
        r"host (?:or domain name )?not found|domain.{0,60}(?:not found|does not exist)|nxdomain"
        r"|null ?mx|does not accept mail",
    ),
)
PATTERNS = [(reason, re.compile(words, re.IGNORECASE | re.DOTALL)) for reason, words in WORDS]
# Of ASCII digits, as the database has it: anyone can write a report with others.
CODE = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\Z", re.ASCII)
# An enhanced code after that of SMTP, which tells it from an IP address or a version.
IN_ANSWER = re.compile(r"\b[245]\d\d[ -]#?([245]\.\d{1,3}\.\d{1,3})(?![\d.])", re.ASCII)
AT_START = re.compile(r"^\W{0,3}([245]\.\d{1,3}\.\d{1,3})(?![\d.])", re.ASCII)
SMTP_CODE = re.compile(r"\b([45])\d\d\b", re.ASCII)
# Whatever the code says: not for good, or about another email's recipients.
FOR_NOW = re.compile(
    r"temporar|(?:try|retry)(?: it| again)? later|too many (?:invalid|unknown)"
    r"|(?:invalid|unknown) recipient limit",
    re.IGNORECASE,
)
# Codes that name nothing, or that some servers use for what others have a code for.
VAGUE = {"0.0", "1.0", "2.0", "3.0", "4.0", "4.1", "5.0", "6.0"}
MOST_WORDS = 20_000


@dataclass(frozen=True)
class Meaning:
    """code: as stored, "" for none. is_permanent: the address will not take emails later either."""

    code: str
    reason: ReturnReason
    is_permanent: bool


def meaning_of(code: str, words: str) -> Meaning:
    """Return what a status code and a mail server's words mean; either may be empty."""
    words = words[:MOST_WORDS]
    code = code.strip()
    found = code_in(words)
    if (not CODE.match(code) or _detail(code) in VAGUE) and found:
        code = found
    code = code if CODE.match(code) else ""
    reason = _by_code(code) or _by_words(words)
    if reason is ReturnReason.OTHER and code.startswith("4.4."):
        # A server that could not be reached, or did not answer.
        reason = ReturnReason.EXPIRED
    if code:
        is_for_good = code.startswith("5")
    else:
        smtp = SMTP_CODE.search(words)
        is_for_good = smtp is None or smtp[1] == "5"
    if (not is_for_good or FOR_NOW.search(words)) and reason in ADDRESS_REASONS:
        # As by servers that look addresses up elsewhere, and cannot now.
        return Meaning(code, ReturnReason.EXPIRED, is_permanent=False)
    return Meaning(code, reason, is_permanent=is_for_good and reason in ADDRESS_REASONS)


def code_in(words: str) -> str:
    """Return the enhanced status code in a mail server's answer, or ""."""
    found = IN_ANSWER.search(words) or AT_START.search(words)
    return found[1] if found else ""


def _by_code(code: str) -> ReturnReason | None:
    if not code or _detail(code) in VAGUE:
        return None
    detail = _detail(code)
    return BY_DETAIL.get(detail) or BY_SUBJECT.get(detail.partition(".")[0])


def _by_words(words: str) -> ReturnReason:
    for reason, pattern in PATTERNS:
        if pattern.search(words):
            return reason
    return ReturnReason.OTHER


def _detail(code: str) -> str:
    return code.partition(".")[2]
