"""What a mail server or email service said about an email, without what names people.

Servers repeat addresses, and sometimes more. What is stored has none of it: anything with an @ is
cut, and the parts of the recipient's address and name; it is short, and one line.
"""

import re
import smtplib
from dataclasses import dataclass
from typing import Any

from anymail.exceptions import AnymailError

LONGEST = 240
# Codes of three digits.
LOWEST, HIGHEST = 100, 999
# Shorter parts of a name or an address would be found within words.
SHORTEST_NAME = 3
CUT = "…"
# Of ASCII digits, as the database has it.
ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b[\s-]*", re.ASCII)
# Also as in return paths and URLs: ana=example.org, ana%40example.org, ana(at)example.org.
ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"']*(?:@|%40|=40|\(at\))[^\s<>,;:()\[\]\"']*", re.I)
RETURN_PATH = re.compile(r"\S+=[\w-]+(?:\.[\w-]+)+\S*")
TAG = re.compile(r"<[^<>@]*>")
WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Answer:
    """code: of SMTP or HTTP, with the enhanced one (RFC 3463) after it; "" for none. said: raw."""

    code: str = ""
    said: str = ""


def accepted_answer(said: bytes) -> Answer:
    """Return the answer by which a mail server took an email; said: its words."""
    return _of_reply(250, said) if said else Answer()


def answer_of(error: BaseException | None) -> Answer:
    """Return what the other side said, as far as it said anything; error: of sending."""
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        code, said = next(iter(error.recipients.values()))
        return _of_reply(code, said)
    if isinstance(error, smtplib.SMTPResponseException):
        return _of_reply(error.smtp_code, error.smtp_error)
    if isinstance(error, AnymailError) and error.response is not None:
        return Answer(str(error.response.status_code), _of_service(error.response))
    return Answer()


def without_people(said: str, *, name: str, address: str) -> str:
    """Return what was said, in one short line that does not name the recipient, nor anyone else."""
    local, _, domain = address.rpartition("@")
    text = RETURN_PATH.sub(CUT, ADDRESS.sub(CUT, TAG.sub(" ", said))).replace(f"<{CUT}>", CUT)
    if domain:
        text = re.sub(re.escape(domain), CUT, text, flags=re.IGNORECASE)
    names = {
        word.casefold() for word in WORDS.findall(f"{name} {local}") if len(word) >= SHORTEST_NAME
    }
    text = WORDS.sub(lambda word: CUT if word[0].casefold() in names else word[0], text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _of_reply(code: int, said: bytes | str) -> Answer:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if not LOWEST <= code <= HIGHEST:
        # Not SMTP, such as of another server at that port.
        return Answer("", text)
    found = ENHANCED.match(text)
    if found is None:
        return Answer(str(code), text)
    # Each line of a long answer repeats the code.
    rest = re.sub(rf"^{re.escape(found[1])}\b[\s-]*", "", text, flags=re.MULTILINE)
    return Answer(f"{code} {found[1]}", rest)


def _of_service(response: Any) -> str:
    """Return the messages of an answer in JSON as SendGrid, Mailgun, SES and others write it."""
    try:
        answer = response.json()
    except ValueError:
        return str(response.text)[:2000]
    found = answer.get("errors") if isinstance(answer, dict) else None
    entries = found if isinstance(found, list) else [answer]
    messages = [
        str(entry[name])
        for entry in entries
        if isinstance(entry, dict)
        for name in ("message", "Message", "detail", "error")
        if entry.get(name)
    ]
    return "; ".join(messages)
