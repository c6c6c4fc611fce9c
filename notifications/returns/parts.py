"""Parts of a report, without descending into the email that it returns."""

from collections.abc import Iterator
from email import message_from_string
from email.message import Message

RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
MOST_PARTS = 50


def own_parts(message: Message) -> Iterator[Message]:
    """Yield the parts of an email, but not those of emails that are attached to it."""
    waiting, number = [message], 0
    while waiting and number < MOST_PARTS:
        part = waiting.pop(0)
        number += 1
        yield part
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind.startswith("multipart/") and isinstance(payload, list):
            waiting.extend(each for each in payload if isinstance(each, Message))


def part_of_type(message: Message, content_type: str) -> Message | None:
    found = (part for part in own_parts(message) if part.get_content_type() == content_type)
    return next(found, None)


def text_of(message: Message, *, most: int = 20_000) -> str:
    """Return what a report says in words: its plain text, else its HTML."""
    for content_type in ("text/plain", "text/html"):
        part = part_of_type(message, content_type)
        if part is not None:
            return decoded(part)[:most]
    return ""


def decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = str(part.get_content_charset() or "utf-8")
    try:
        return payload.decode(charset, "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")


def header(message: Message, name: str) -> str:
    """Return a header's text on one line, or ""."""
    return " ".join(str(message.get(name, "")).split())


def blocks_of(part: Message) -> list[Message]:
    """Return the groups of fields of a part of type message/delivery-status or similar."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    text = decoded(part) or str(payload)
    return [message_from_string(block) for block in text.replace("\r\n", "\n").split("\n\n")]
