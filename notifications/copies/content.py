"""What is kept of a sent email: what it said, without links and codes, compressed and sealed.

The compression knows a dictionary: the layout and the phrases that most emails share. A stored copy
names its version in its first byte, so a dictionary is never edited; a new one gets a new version.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from evently.privacy.models import PersonKey
from evently.privacy.sealing import SealBroken
from notifications.emails.redaction import redacted_html, redacted_text
from notifications.sent_models import SentEmail

VERSION = 1
DICTIONARY = Path(__file__).parent / "dictionary_v01.txt"
# Raw deflate: the seal shows whether it is whole.
WINDOW = -15
# One email that is larger than any template makes it is not worth its place in the database.
MOST_BYTES = 64 * 1024
# Parts that are stored as they are, each after an end, so that they match the dictionary.
LONG, END = ("text", "html"), "\0"


@dataclass(frozen=True)
class KeptFile:
    """An attachment, without its content. bytes: its size."""

    name: str
    content_type: str
    bytes: int


@dataclass(frozen=True)
class Copy:
    """What a sent email said. headers: of the rest, those that say how it was sent."""

    subject: str
    sender: str
    recipient: str
    reply_to: str
    text: str
    html: str
    files: Sequence[KeptFile] = ()
    headers: dict[str, str] = field(default_factory=dict)


def sealed_copy(email: EmailMultiAlternatives, *, key: PersonKey | None, id_: UUID) -> bytes | None:
    """Return the copy of an email that is about to be sent, sealed under its recipient's key.

    id_: of the row that it is stored in, and nowhere else. None where copies are not kept, or the
    email is too large.
    """
    if not settings.SENT_EMAIL_DAYS or key is None:
        return None
    packed = _packed(_content(email))
    return key.seal_part(_of(id_), packed) if len(packed) <= MOST_BYTES else None


def opened_copy(sealed: bytes | memoryview, *, key: PersonKey, id_: UUID) -> Copy:
    """Return a stored copy. Raises SealBroken."""
    content = _unpacked(key.open_part(_of(id_), bytes(sealed)))
    files = [KeptFile(*each) for each in content.pop("files")]
    return Copy(files=files, **content)


def copy_in(row: SentEmail) -> Copy | None:
    """Return the copy in a row whose user's key is loaded; None where it cannot be read any more.

    Its user was erased, or it was tampered with, which is logged.
    """
    key = row.user.key
    if key is None:
        return None
    try:
        return opened_copy(row.sealed, key=key, id_=row.pk)
    except SealBroken:
        return None


def _of(id_: UUID) -> str:
    return f"sent_emails:{id_}"


def _content(email: EmailMultiAlternatives) -> dict[str, Any]:
    alternatives: list[Any] = email.alternatives
    html = next((str(part) for part, kind in alternatives if kind == "text/html"), "")
    return {
        "subject": redacted_text(str(email.subject)),
        "sender": str(email.from_email),
        "recipient": ", ".join(email.to),
        "reply_to": ", ".join(email.reply_to),
        "text": redacted_text(str(email.body)),
        "html": redacted_html(html),
        "files": [_file(part) for part in email.attachments if _is_listed(part)],
        "headers": {name: redacted_text(str(value)) for name, value in email.extra_headers.items()},
    }


def _is_listed(part: Any) -> bool:
    """Leave out images inside the text: codes of tickets."""
    return isinstance(part, Message) and not part.get("Content-ID")


def _file(part: Message) -> tuple[str, str, int]:
    size = len(part.get_payload(decode=True) or b"")
    return part.get_filename() or "", part.get_content_type(), size


def _packed(content: dict[str, Any]) -> bytes:
    """Return a version, then the facts as JSON, the text and the HTML, compressed together."""
    facts = {name: value for name, value in content.items() if name not in LONG}
    parts = [json.dumps(facts, ensure_ascii=False), *(content[name] for name in LONG)]
    joined = END.join(part.replace(END, "") for part in parts)
    packer = _primed().copy()
    return bytes([VERSION]) + packer.compress(joined.encode("utf-8", "replace")) + packer.flush()


def _unpacked(packed: bytes) -> dict[str, Any]:
    unpacker = zlib.decompressobj(WINDOW, zdict=_dictionary(packed[0]))
    facts, *long = unpacker.decompress(packed[1:]).decode().split(END)
    content: dict[str, Any] = json.loads(facts)
    return content | dict(zip(LONG, long, strict=True))


@lru_cache(maxsize=1)
def _primed() -> "zlib._Compress":
    """Return what compresses, with the dictionary read: a copy of it costs less than a new one."""
    return zlib.compressobj(6, zlib.DEFLATED, WINDOW, 8, zdict=_dictionary(VERSION))


@lru_cache(maxsize=4)
def _dictionary(version: int) -> bytes:
    return DICTIONARY.with_name(f"dictionary_v{version:02}.txt").read_bytes()
