"""Bounces in words, of mail servers that write no RFC 3464; and what looks like one, but is none.

flufl.bounce, Mailman's detectors, knows many servers' words. It is asked only about emails of mail
servers: people quote such words too. What is not clearly about the address is a soft bounce.
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from flufl.bounce import all_failures

from notifications.return_models import ReturnOutcome
from notifications.returns.parts import header, text_of
from notifications.returns.reports import Verdict
from notifications.returns.status_codes import meaning_of

SERVER = re.compile(
    r"mailer[-_ ]?daemon|postmaster|mail delivery|mailsystem|mail[- ]system|microsoftexchange",
    re.IGNORECASE,
)
# Holiday replies and other automatic answers (RFC 3834), of people's mailboxes.
AWAY = re.compile(
    r"out of (?:the )?office|\booo\b|auto(?:matic(?:ally)?)?[- ]?(?:reply|response|generated reply)"
    r"|automatische (?:antwort|e-?mail)|abwesen|nicht im b(?:ü|ue)ro|urlaub|vacation|on leave"
    r"|away from|r[ée]ponse automatique|risposta automatica|respuesta autom[áa]tica",
    re.IGNORECASE,
)
AWAY_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Vacation")
DELAYED = re.compile(
    r"\bdelay|warning: (?:message|could not send)|still being retried|verz(?:ö|oe)ger",
    re.IGNORECASE,
)
# What follows is the returned email, whose own words say nothing about why.
COPY = re.compile(
    r"^(?:-{2,}.{0,10}(?:copy of (?:the|your) (?:original )?message|original message|this is a)"
    r"|-+ This is a copy|--- below this line)",
    re.IGNORECASE | re.MULTILINE,
)


def plain_bounce_of(message: Message) -> Verdict | None:
    """Return what a mail server's email says became of one of ours; None where it says nothing."""
    if not is_of_mail_server(message) or is_automatic_reply(message):
        return None
    later, never = all_failures(message)
    has_failed = bool(never) or bool(header(message, "X-Failed-Recipients"))
    if not later and not has_failed:
        return None
    words = _answer_in(text_of(message))
    is_delay = bool(DELAYED.search(header(message, "Subject"))) or not has_failed
    meaning = meaning_of("", words)
    if is_delay:
        return Verdict(ReturnOutcome.DEFERRED, meaning.reason, meaning.code)
    return Verdict(
        ReturnOutcome.BOUNCED, meaning.reason, meaning.code, is_permanent=meaning.is_permanent
    )


def is_of_mail_server(message: Message) -> bool:
    """Return whether a mail server wrote an email, as far as it shows."""
    if header(message, "X-Failed-Recipients"):
        return True
    is_returned_nowhere = header(message, "Return-Path") == "<>"
    return is_returned_nowhere or bool(SERVER.search(header(message, "From")))


def is_automatic_reply(message: Message) -> bool:
    """Return whether an email is an answer of a mailbox whose owner is away."""
    if header(message, "X-Failed-Recipients"):
        return False
    if any(message.get(name) for name in AWAY_HEADERS):
        return True
    if header(message, "Precedence").lower() == "auto_reply":
        return True
    if AWAY.search(_subject(message)):
        return True
    # Mail servers say the same of bounces.
    is_reply = header(message, "Auto-Submitted").lower().startswith("auto-replied")
    return is_reply and not SERVER.search(header(message, "From"))


def _subject(message: Message) -> str:
    text = header(message, "Subject")
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeError):
        return text


def _answer_in(text: str) -> str:
    found = COPY.search(text)
    return text[: found.start()] if found else text
