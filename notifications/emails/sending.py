"""Hand emails over: one connection, kept as long as it is used, and what an error means."""

import smtplib
import time
from types import TracebackType
from typing import Any, Self

import requests
from anymail.exceptions import AnymailError
from django.core.mail import EmailMultiAlternatives, get_connection
from urllib3.exceptions import NewConnectionError

from notifications.emails.smtp import AnswerLost, NoAnswer

# SMTP codes from here on are permanent failures; 4xx are temporary ones.
PERMANENT = 500
# A server says so when it closes a session, for example after so many emails.
CLOSING = 421
# Mail servers close sessions without work after minutes; this is sooner than any.
MOST_IDLE_SECONDS = 10.0

SENDING_ERRORS = (smtplib.SMTPException, AnymailError, OSError, ValueError)


class NotSent(Exception):
    """An email was not sent, as far as is known.

    error: a description without personal data. for_good: the same email would be refused again.
    maybe_sent: it was handed over and the answer was lost. server_down: the server does not answer,
    so that nothing else is tried now.
    """

    def __init__(
        self,
        error: Exception,
        *,
        for_good: bool = False,
        maybe_sent: bool = False,
        server_down: bool = False,
    ) -> None:
        super().__init__(describe(error))
        self.for_good = for_good
        self.maybe_sent = maybe_sent
        self.server_down = server_down


class EmailConnection:
    """A connection to the mail server, opened when it is first needed and kept for the next."""

    def __init__(self) -> None:
        self._backend: Any = get_connection()
        self._used_at = 0.0
        self._is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next email opens another."""
        self._is_open = False
        try:
            self._backend.close()
        except (smtplib.SMTPException, OSError):
            # Half closed already.
            self._backend.connection = None

    def rest(self) -> None:
        """Close the connection if it was not used for a while."""
        if self._is_open and time.monotonic() - self._used_at > MOST_IDLE_SECONDS:
            self.close()

    def send(self, email: EmailMultiAlternatives) -> None:
        """Send an email. Raises NotSent."""
        self.rest()
        was_open = self._is_open
        try:
            self._send(email)
        except NotSent as failure:
            if not (was_open and _was_closed_by_server(failure.__cause__)):
                raise
            # The session had ended since the email before, which says nothing about this one.
            self._send(email)

    def _send(self, email: EmailMultiAlternatives) -> None:
        try:
            self._backend.open()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise NotSent(error, server_down=True) from error
        self._is_open, email.connection = True, self._backend
        accepted = False
        try:
            email.send()
            accepted = True
        except SENDING_ERRORS as error:
            raise _not_sent(error) from error
        finally:
            self._used_at = time.monotonic()
            # After an error the connection may be in any state; the next email opens another.
            if not accepted:
                self.close()


def _was_closed_by_server(error: BaseException | None) -> bool:
    if isinstance(error, smtplib.SMTPSenderRefused):
        return error.smtp_code == CLOSING
    return isinstance(error, smtplib.SMTPServerDisconnected) and not isinstance(error, NoAnswer)


def _not_sent(error: Exception) -> NotSent:
    """Return what an error of sending means for the email, and for the server."""
    if isinstance(error, AnswerLost):
        return NotSent(error, maybe_sent=True, server_down=error.timed_out)
    if isinstance(error, requests.RequestException):
        return _not_sent_by_http(error)
    is_hanging = isinstance(error, NoAnswer | TimeoutError)
    return NotSent(error, for_good=is_permanent(error), server_down=is_hanging)


def _not_sent_by_http(error: requests.RequestException) -> NotSent:
    if error.response is not None:
        return NotSent(error, for_good=is_permanent(error))
    cause = error.__cause__
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    is_connected = not isinstance(error, requests.ConnectTimeout) and not isinstance(
        reason, NewConnectionError
    )
    return NotSent(error, maybe_sent=is_connected, server_down=True)


def is_permanent(error: Exception) -> bool:
    """Tell whether the same email would be refused again, for its recipient or its content."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= PERMANENT
    # A header or an email address that cannot be encoded.
    return isinstance(error, ValueError)


def describe(error: Exception) -> str:
    """Return the error without the server's words, which often repeat personal data."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"{name} {' '.join(str(code) for code, _ in error.recipients.values())}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{name} {error.smtp_code}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} {error.errno}"
    return name
