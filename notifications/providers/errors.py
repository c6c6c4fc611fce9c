"""What an error of sending means: for the email, for the provider, and for the next provider.

Three cases are kept apart. The email itself is at fault, such as for its recipient: no other
provider is tried, and it has failed for good. The provider is at fault, or defers the email: the
next one is tried at once. The email may have been sent, as it was handed over and the answer was
lost: no other provider gets it now, and whoever sends it later marks it as a possible repetition.
"""

import re
import smtplib
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused, AnymailUnsupportedFeature
from django.core.exceptions import ImproperlyConfigured
from requests.exceptions import SSLError, TooManyRedirects
from urllib3.exceptions import NewConnectionError

from notifications.emails.smtp import AnswerLost, NoAnswer

# SMTP codes from here on are permanent failures; 4xx are temporary ones.
PERMANENT = 500
# A server says so when it closes a session, for example after so many emails.
CLOSING = 421
# SMTP: the email is larger than the server takes.
TOO_LARGE = 552
# What a permanent failure is about, by the second part of an enhanced code (RFC 3463): the mail
# system, the network, and policy are the provider's; addresses, mailboxes and content are not.
ENHANCED = re.compile(rb"^5\.(\d{1,3})\.\d{1,3}\b")
OF_PROVIDER = {b"3", b"4", b"7"}
# What a temporary one says of an address or a mailbox, such as one that is full.
OF_RECIPIENT = re.compile(rb"^4\.[12]\.\d{1,3}\b")

# HTTP: nothing is wrong with the provider itself.
BAD_REQUEST, TOO_LARGE_BY_HTTP, UNPROCESSABLE = 400, 413, 422
TOO_MANY = 429
# A gateway that has lost the service behind it, which may have taken the email.
BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504
# The parts of a request that name a recipient, as services point out what is wrong.
NAMES_RECIPIENT = re.compile(r"\bto\b|recipient|personalizations\.\d+\.to", re.IGNORECASE)

SENDING_ERRORS = (smtplib.SMTPException, AnymailError, ImproperlyConfigured, OSError, ValueError)


class Stage(IntEnum):
    """How far a provider went that failed; what shows that it is back depends on it.

    CONNECTING: there was no session, so a connection without an email shows it. REFUSING: it
    answered that it takes no emails. SILENT: it had an email and gave no answer.
    """

    CONNECTING = 0
    REFUSING = 1
    SILENT = 2


class NotSent(Exception):
    """An email was not sent, as far as is known.

    error: a description without personal data. for_good: the same email would be refused again.
    maybe_sent: it was handed over and the answer was lost. server_down: the provider cannot be used
    now, for any email, and stage, how far it went. goes_on: another provider may take it.
    of_recipient: the provider defers the email for its recipient. wanted_pause: in seconds, how
    long the provider wants to be left alone. tries: of each provider that was tried
    (`sending.Try`).
    """

    def __init__(
        self,
        error: Exception,
        *,
        for_good: bool = False,
        maybe_sent: bool = False,
        server_down: bool = False,
        goes_on: bool = False,
        of_recipient: bool = False,
        wanted_pause: float = 0.0,
        stage: Stage = Stage.REFUSING,
    ) -> None:
        super().__init__(describe(error))
        self.for_good = for_good
        self.maybe_sent = maybe_sent
        self.server_down = server_down
        self.goes_on = goes_on
        self.of_recipient = of_recipient
        self.wanted_pause = wanted_pause
        self.stage = stage
        self.tries: Sequence[Any] = ()


def unreachable(error: Exception) -> NotSent:
    """Return what it means that no session could be opened: none of the email was handed over."""
    return NotSent(error, server_down=True, goes_on=True, stage=Stage.CONNECTING)


def unreadable(error: Exception) -> NotSent:
    """Return what it means that an email was taken with an answer that cannot be read."""
    return NotSent(error, maybe_sent=True)


def not_sent(error: Exception) -> NotSent:
    """Return what an error of handing over an email means."""
    if isinstance(error, AnswerLost):
        return NotSent(error, maybe_sent=True, server_down=error.timed_out, stage=Stage.SILENT)
    if isinstance(error, AnymailError):
        return _by_service(error)
    if isinstance(error, requests.RequestException):
        return _without_answer(error)
    if isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
        return _by_server(error)
    if isinstance(error, ImproperlyConfigured):
        return unreachable(error)
    is_hanging = isinstance(error, NoAnswer | TimeoutError)
    # A header or an email address that cannot be encoded is the email's own fault.
    is_own = isinstance(error, ValueError)
    stage = Stage.SILENT if is_hanging else Stage.REFUSING
    return NotSent(error, for_good=is_own, server_down=is_hanging, goes_on=not is_own, stage=stage)


def was_closed_by_server(error: BaseException | None) -> bool:
    """Tell whether the session had ended since the email before."""
    if isinstance(error, smtplib.SMTPSenderRefused):
        return error.smtp_code == CLOSING
    return isinstance(error, smtplib.SMTPServerDisconnected) and not isinstance(error, NoAnswer)


# ── SMTP ────────────────────────────────────────────────────────────────────
def _by_server(error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> NotSent:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = list(error.recipients.values())
    else:
        said = error.smtp_error
        replies = [(error.smtp_code, said if isinstance(said, bytes) else said.encode())]
    permanent = all(code >= PERMANENT for code, _ in replies)
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code == TOO_LARGE:
        return NotSent(error, for_good=True, goes_on=True)
    if isinstance(error, smtplib.SMTPDataError | smtplib.SMTPRecipientsRefused):
        goes_on = not permanent or all(_is_of_provider(said) for _, said in replies)
        of_recipient = all(OF_RECIPIENT.match(said) for _, said in replies)
        return NotSent(error, for_good=permanent, goes_on=goes_on, of_recipient=of_recipient)
    # The sender is refused, or the login, or the session is closed: the next email meets the same.
    return NotSent(error, server_down=True, goes_on=True)


def _codes(code: int, said: bytes) -> str:
    """Return a code, with the enhanced one where that says that the recipient is not at fault."""
    found = ENHANCED.match(said)
    return f"{code} {found[0].decode()}" if found and found[1] in OF_PROVIDER else str(code)


def _is_of_provider(said: bytes) -> bool:
    found = ENHANCED.match(said)
    return found is not None and found[1] in OF_PROVIDER


# ── Services, by HTTP ───────────────────────────────────────────────────────
def _by_service(error: AnymailError) -> NotSent:
    if isinstance(error, AnymailRecipientsRefused):
        return NotSent(error, for_good=True)
    if isinstance(error, AnymailUnsupportedFeature):
        return NotSent(error, for_good=True, goes_on=True)
    if isinstance(error, ValueError) and not isinstance(error, requests.RequestException):
        # An address that cannot be encoded.
        return NotSent(error, for_good=True)
    if error.response is not None:
        return _answered_by_service(error)
    if isinstance(error, requests.RequestException):
        return _without_answer(error)
    return NotSent(error, goes_on=True)


def _answered_by_service(error: AnymailError) -> NotSent:
    status = error.response.status_code
    if status < BAD_REQUEST:
        return unreadable(error)
    if status in (BAD_REQUEST, UNPROCESSABLE, TOO_LARGE_BY_HTTP):
        names_recipient = _names_recipient(error.response)
        return NotSent(error, for_good=names_recipient, goes_on=not names_recipient)
    if status in (BAD_GATEWAY, GATEWAY_TIMEOUT):
        return NotSent(error, maybe_sent=True, server_down=True, stage=Stage.SILENT)
    pause = _retry_after(error.response)
    return NotSent(error, server_down=True, goes_on=True, wanted_pause=pause)


def _names_recipient(response: requests.Response) -> bool:
    """Tell whether a service refuses a request for its recipient, as SendGrid says in `field`."""
    try:
        errors = response.json()["errors"]
        return all(NAMES_RECIPIENT.search(str(each["field"])) for each in errors) and bool(errors)
    except (ValueError, KeyError, TypeError):
        return False


def _retry_after(response: requests.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() and len(text) < len("1000000") else 0.0


def _without_answer(error: requests.RequestException) -> NotSent:
    if isinstance(error, ValueError | SSLError | TooManyRedirects):
        # A wrong URL, or a certificate that is not accepted: nothing was handed over.
        return unreachable(error)
    cause = error.__cause__
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    is_connected = not isinstance(error, requests.ConnectTimeout) and not isinstance(
        reason, NewConnectionError
    )
    if not is_connected:
        return unreachable(error)
    return NotSent(error, maybe_sent=True, server_down=True, stage=Stage.SILENT)


def describe(error: Exception) -> str:
    """Return the error without the server's words, which often repeat personal data."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"{name} {' '.join(_codes(*reply) for reply in error.recipients.values())}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{name} {error.smtp_code}"
    if isinstance(error, AnymailError):
        if (response := error.response) is not None:
            return f"{name} {response.status_code}"
        # Anymail makes up a class of its own for what requests has raised.
        return type(error.__cause__).__name__ if error.__cause__ is not None else name
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} {error.errno}"
    return name
