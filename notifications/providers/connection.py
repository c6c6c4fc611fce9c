"""A connection to one provider: opened when it is first needed, and kept as long as it is used."""

import re
import smtplib
import time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from evently.email_providers import Provider
from notifications.providers.answers import Answer, accepted_answer
from notifications.providers.errors import (
    SENDING_ERRORS,
    NotSent,
    not_sent,
    unreachable,
    unreadable,
    was_closed_by_server,
)
from notifications.providers.registry import backend_of

# Mail servers close sessions without work after minutes; this is sooner than any.
MOST_IDLE_SECONDS = 10.0
LONGEST_ID = 200
# How mail servers name an email that they have accepted: Postfix, Exim, Sendmail, Amazon SES.
ACCEPTED_AS = re.compile(
    rb"(?:queued as |\bid=|^ok )<?((?=[\w.@+-]*\d)[\w.@+-]{5,200})", re.IGNORECASE
)


class ProviderConnection:
    """The connection of one lane to one provider."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        # Its words about the last email that it took.
        self.answer = Answer()
        self._backend: Any = None
        self._used_at = 0.0
        self._is_open = False

    def close(self) -> None:
        """Close the connection; the next email opens another."""
        self._is_open = False
        if self._backend is None:
            return
        try:
            self._backend.close()
        except (smtplib.SMTPException, OSError):
            # Half closed already.
            self._backend.connection = None

    def rest(self) -> None:
        """Close the connection if it was not used for a while."""
        if self._is_open and time.monotonic() - self._used_at > MOST_IDLE_SECONDS:
            self.close()

    def send(self, email: EmailMessage) -> str:
        """Send an email; return the id by which the provider knows it, or "". Raises NotSent."""
        self.rest()
        was_open = self._is_open
        try:
            return self._send(email)
        except NotSent as failure:
            if not (was_open and was_closed_by_server(failure.__cause__)):
                raise
            # The session had ended since the email before, which says nothing about this one.
            return self._send(email)

    def _send(self, email: EmailMessage) -> str:
        try:
            if self._backend is None:
                self._backend = backend_of(self.provider)
            self._backend.open()
        except (smtplib.SMTPException, OSError, ImproperlyConfigured, ImportError) as error:
            self.close()
            raise unreachable(error) from error
        self._is_open, email.connection = True, self._backend
        accepted = False
        try:
            email.send()
            accepted = True
        except SENDING_ERRORS as error:
            raise not_sent(error) from error
        except Exception as error:
            if not _was_taken(email):
                raise
            raise unreadable(error) from error
        finally:
            self._used_at = time.monotonic()
            # After an error the connection may be in any state; the next email opens another.
            if not accepted:
                self.close()
        return self._id_of(email)

    def _id_of(self, email: EmailMessage) -> str:
        if not self.provider.is_smtp:
            status = getattr(email, "anymail_status", None)
            found = status.message_id if status is not None else ""
            self.answer = Answer()
            return found[:LONGEST_ID] if isinstance(found, str) else ""
        said = getattr(getattr(self._backend, "connection", None), "accepted_with", b"")
        self.answer = accepted_answer(said)
        match = ACCEPTED_AS.search(said)
        return match[1].decode("ascii", "ignore") if match is not None else ""


def _was_taken(email: EmailMessage) -> bool:
    """Tell whether a service took the email, and only its answer could not be read."""
    status = getattr(email, "anymail_status", None)
    return status is not None and status.esp_response is not None
