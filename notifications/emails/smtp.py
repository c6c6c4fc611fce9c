"""SMTP, told apart by what is known about an email after an error.

smtplib raises the same error whether a server hung up before it got the email or after. The second
may have taken it; so these sessions raise `AnswerLost` there, and `NoAnswer` for a server that
hangs.
"""

import re
import smtplib
import ssl
from collections.abc import Iterable, Iterator
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address
from django.utils.functional import cached_property

from evently.privacy.addresses import ATOM

FINE, FORWARDED, GO_AHEAD = 250, 251, 354
# Servers look through an email before they answer; RFC 5321 (4.5.3.2.6) grants them minutes.
ANSWER_TIMEOUT_SECONDS = 30.0
LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
LINE_END = b"\r\n"
# As `privacy.addresses.smtp_address` makes them: nothing to quote or to encode.
PLAIN_ADDRESS = re.compile(rf"{ATOM}(?:\.{ATOM})*@[A-Za-z0-9.-]+")


class NoAnswer(smtplib.SMTPServerDisconnected):
    """The mail server did not answer in time, before it got the email."""


class AnswerLost(smtplib.SMTPException):
    """The mail server got the email, and did not say whether it accepts it.

    timed_out: it hangs, instead of having closed the connection.
    """

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("no answer in time" if timed_out else "connection closed")
        self.timed_out = timed_out


class Session(smtplib.SMTP):
    """A session with a mail server. accepted_with: its words about the last email it took."""

    accepted_with = b""

    def getreply(self) -> tuple[int, bytes]:
        """Return the server's next reply. Raises NoAnswer."""
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected as error:
            if isinstance(error.__context__, TimeoutError):
                raise NoAnswer(str(error)) from error
            raise

    def hand_over(self, sender: str, recipient: str, content: bytes) -> None:
        """Send an email; the addresses are plain. Takes two round trips where the server pipelines.

        Raises what `sendmail` raises; the session is of no use then.
        """
        self.ehlo_or_helo_if_needed()
        size = f" size={len(content)}" if self.has_extn("size") else ""
        # What comes back is to hold no more of the email than its headers (RFC 3461).
        size += " RET=HDRS" if self.has_extn("dsn") else ""
        commands = (f"mail FROM:<{sender}>{size}", f"rcpt TO:<{recipient}>", "data")
        replies = self._replies_to(commands)
        code, reply = next(replies)
        if code != FINE:
            raise smtplib.SMTPSenderRefused(code, reply, sender)
        code, reply = next(replies)
        if code not in (FINE, FORWARDED):
            raise smtplib.SMTPRecipientsRefused({recipient: (code, reply)})
        code, reply = next(replies)
        if code == GO_AHEAD:
            code, reply = self._give(content)
        if code != FINE:
            raise smtplib.SMTPDataError(code, reply)

    def _replies_to(self, commands: Iterable[str]) -> Iterator[tuple[int, bytes]]:
        """Give commands, all at once where the server allows it (RFC 2920)."""
        if self.has_extn("pipelining"):
            self.send("".join(f"{command}\r\n" for command in commands))
            for _ in commands:
                yield self.getreply()
        else:
            for command in commands:
                yield self.docmd(command)

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]
        """Hand over an email; return the server's answer. Raises SMTPDataError, AnswerLost."""
        content = msg.encode("ascii") if isinstance(msg, str) else bytes(msg)
        code, reply = self.docmd("data")
        if code != GO_AHEAD:
            raise smtplib.SMTPDataError(code, reply)
        return self._give(content)

    def _give(self, content: bytes) -> tuple[int, bytes]:
        """Send the content of an email; return the server's answer. Raises AnswerLost."""
        content = _with_dots_doubled(content)
        end = b"." + LINE_END if content.endswith(LINE_END) else LINE_END + b"." + LINE_END
        try:
            self.send(content + end)
            if self.sock is not None:
                self.sock.settimeout(max(ANSWER_TIMEOUT_SECONDS, settings.EMAIL_TIMEOUT))
            answer = self.getreply()
            self.accepted_with = answer[1]
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self.close()
            raise AnswerLost(timed_out=_is_time_out(error)) from error
        if self.sock is not None:
            self.sock.settimeout(settings.EMAIL_TIMEOUT)
        return answer


class TlsSession(Session, smtplib.SMTP_SSL):
    """A session that is encrypted from its start."""


def _with_dots_doubled(content: bytes) -> bytes:
    """Return the content of an email as it is sent (RFC 5321, 4.5.2)."""
    # Few have any, and to look for them like this is much faster.
    has_dots = b"\n." in content or content.startswith(b".")
    return LEADING_DOT.sub(b"..", content) if has_dots else content


def _is_time_out(error: BaseException) -> bool:
    return isinstance(error, NoAnswer) or isinstance(error.__context__ or error, TimeoutError)


@lru_cache(maxsize=8)
def _envelope_address(address: str) -> str:
    return parseaddr(str(sanitize_address(address, "utf-8")))[1]


class Backend(EmailBackend):
    """Django's backend with these sessions, which does not parse plain addresses."""

    def _send(self, email_message: Any) -> bool:
        recipients = email_message.recipients()
        is_plain = len(recipients) == 1 and PLAIN_ADDRESS.fullmatch(recipients[0])
        if not isinstance(self.connection, Session) or not is_plain:
            return bool(super()._send(email_message))  # type: ignore[misc]
        bounces_to = getattr(email_message, "bounce_address", "")
        sender = bounces_to or _envelope_address(email_message.from_email)
        content = email_message.message().as_bytes(linesep="\r\n")
        self.connection.hand_over(sender, recipients[0], content)
        return True

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return TlsSession if self.use_ssl else Session


class PrivateCaBackend(Backend):
    """Trusts the CA of EMAIL_CA_FILE instead of the system's."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=settings.EMAIL_CA_FILE)
