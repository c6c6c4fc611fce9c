"""An email as bytes, without a tree of message objects.

Django builds an object for each part and lets a generator walk through them, which takes half the
time of writing an email. Here the parts are written one after the other. What they consist of is
still the standard library's: encoded headers and folded lines. A test compares both ways through a
parser.
"""

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.policy import compat32
from email.utils import formatdate, parseaddr
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import forbid_multi_line_headers

LONGEST_LINE = 998
# As the standard library folds headers.
LONGEST_HEADER = 78
# How a word of a header begins that is not ASCII (RFC 2047).
ENCODED_WORD = "=?"
LINE_BREAK = re.compile(r"[\r\n]")


class Part(MIMEBase):
    """An attachment whose headers are plain: nothing to fold, to quote or to encode."""

    def __init__(self, content_type: str, content: bytes | str, headers: Mapping[str, str]) -> None:
        """content_type: with its parameters. content: a text is the lines of its base64."""
        # Not MIMEBase's, which puts the type together, nor add_header, which parses it again.
        Message.__init__(self)
        self["Content-Type"] = content_type
        self["MIME-Version"] = "1.0"
        self["Content-Transfer-Encoding"] = "base64"
        for name, value in headers.items():
            self[name] = value
        if isinstance(content, bytes):
            content = base64.encodebytes(content).decode()
        self.set_payload(content)


class Email(EmailMultiAlternatives):
    """An email with a text, an HTML alternative, and attachments that are message parts.

    bounce_address: the envelope's sender over SMTP, "" for that of From. metadata: what an email
    service passes on to its webhook, as anymail has it. failures: what of it could not be rendered,
    and was left out or replaced (`operations.rendering`).
    """

    failures: Sequence[Any] = ()
    bounce_address: str = ""
    metadata: Mapping[str, str] = {}

    def message(self) -> Any:  # type: ignore[override]
        """Return the message, ready to be written; Django's own where it has lines too long."""
        alternatives: list[Any] = self.alternatives
        parts = [str(self.body), *(str(each.content) for each in alternatives)]
        if any(_has_long_lines(part) for part in parts):
            message = super().message()
            for name, value in _headers_of(self):
                if name in ("Subject", "From"):
                    message.replace_header(name, _safe(name, value)[1])
            return message
        return WrittenMessage(self)


class WrittenMessage:
    """What email backends ask a message for: its headers, and its bytes."""

    def __init__(self, email: Email) -> None:
        self._email = email
        self._alternatives: list[Any] = email.alternatives
        self.headers = [_safe(name, value) for name, value in _headers_of(email)]

    def __getitem__(self, name: str) -> str | None:
        wanted = name.lower()
        return next((value for each, value in self.headers if each.lower() == wanted), None)

    def get_charset(self) -> None:
        """Return None, as for messages of several parts; the console's backend asks."""

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:
        """Return the message. unixfrom: ignored, emails have no such line."""
        text = "\n".join(self._lines())
        if linesep != "\n":
            text = text.replace("\n", linesep)
        return text.encode("utf-8", "surrogateescape")

    def as_string(self, unixfrom: bool = False, linesep: str = "\n") -> str:
        return self.as_bytes(linesep=linesep).decode()

    def _lines(self) -> list[str]:
        """Return lines, and texts of several."""
        boundary = secrets.token_hex(16)
        mixed, alternative = f"=={boundary}-m", f"=={boundary}-a"
        email = self._email
        body = [*_multipart("alternative", alternative), "", f"--{alternative}"]
        body += _text("plain", str(email.body))
        for each in self._alternatives:
            body += [f"--{alternative}", *_text(each.mimetype.partition("/")[2], str(each.content))]
        body.append(f"--{alternative}--")
        headers = [line for name, value in self.headers for line in _header(name, value)]
        if not email.attachments:
            kind, *rest = body
            return [kind, *headers, *rest, ""]
        lines = [*_multipart("mixed", mixed), *headers, "", f"--{mixed}", *body, ""]
        for part in email.attachments:
            lines += [f"--{mixed}", *_attachment(part)]
        return [*lines, f"--{mixed}--", ""]


def _headers_of(email: Email) -> list[tuple[str, Any]]:
    """Return the headers that Django's messages have, in their order."""
    extra: dict[str, Any] = email.extra_headers
    found: list[tuple[str, Any]] = [("MIME-Version", "1.0"), ("Subject", email.subject)]
    found += [("From", extra.get("From", email.from_email)), ("To", ", ".join(email.to))]
    if email.cc:
        found.append(("Cc", ", ".join(email.cc)))
    if email.reply_to:
        found.append(("Reply-To", ", ".join(email.reply_to)))
    found.append(("Date", formatdate()))
    return found + [(name, value) for name, value in extra.items() if name != "From"]


def _safe(name: str, value: Any) -> tuple[str, str]:
    """Return a header with its value encoded. Raises BadHeaderError for several lines."""
    text = str(value)
    is_plain = text.isascii() and text.isprintable() and ENCODED_WORD not in text
    if is_plain and len(f"{name}: {text}") <= LONGEST_HEADER:
        # It stays as it is.
        return name, text
    if name in ("Subject", "From") and not is_plain and not LINE_BREAK.search(text):
        return name, _encoded(name, text)
    safe: tuple[str, str] = forbid_multi_line_headers(name, text, "utf-8")
    return safe


def _encoded(name: str, text: str) -> str:
    """Return the value of the header Subject or From, encoded.

    Django leaves control characters, and what only looks like an encoded word: a reader would
    decode it, to line breaks and all. And it leaves the first line empty where a word is long.
    """
    if name == "Subject":
        return Header(text, "utf-8", header_name=name).encode()
    person, address = parseaddr(text)
    if text.isascii() or not address.isascii():
        return forbid_multi_line_headers(name, text, "utf-8")[1]
    return f"{Header(person, 'utf-8', header_name=name).encode()} <{address}>"


def _header(name: str, value: str) -> list[str]:
    """Return the lines of a header."""
    lines = f"{name}: {value}".split("\n")
    longest = max(map(len, lines))
    # Folding a value without spaces would leave nothing but the name on its first line.
    if longest <= LONGEST_HEADER or (longest <= LONGEST_LINE and " " not in value):
        return lines
    return compat32.fold(name, value).rstrip("\n").split("\n")


def _multipart(kind: str, boundary: str) -> list[str]:
    return [f'Content-Type: multipart/{kind}; boundary="{boundary}"']


def _text(kind: str, content: str) -> list[str]:
    """Return the lines of a part, its text as it is: of any language, and with no line too long."""
    encoding = "7bit" if content.isascii() else "8bit"
    return [
        f'Content-Type: text/{kind}; charset="utf-8"',
        "MIME-Version: 1.0",
        f"Content-Transfer-Encoding: {encoding}",
        "",
        _with_plain_line_ends(content),
    ]


def _with_plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _attachment(part: Any) -> list[str]:
    if not isinstance(part, Message):
        raise TypeError("Attachments are message parts.")
    headers = [line for name, value in part.items() for line in _header(name, str(value))]
    content = str(part.get_payload()).rstrip("\n")
    return [*headers, "", _with_plain_line_ends(content), ""]


def _has_long_lines(text: str) -> bool:
    lines = text.encode("utf-8", "replace").split(b"\n")
    return max(map(len, lines)) > LONGEST_LINE
