"""What a message to attendees says: checked when it is saved, filled when it is sent.

It is plain text: line breaks and links are kept, anything else is shown as it was typed.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from html import escape

from evently.rich_text import linked
from evently.visible_text import clean_line, clean_reason, has_controls, is_visible
from notifications.emails.placeholders import (
    Cut,
    PlaceholderUnknown,
    RichValue,
    Value,
    fill_subject,
    fill_text,
    html_of,
)
from notifications.emails.text_links import placeholder_in_link
from notifications.message_models import LONGEST_BODY, LONGEST_SUBJECT
from notifications.writing.errors import MessageInvalid

# What becomes of a text when its author's account is erased.
ERASED = "(erased)"
OF_EVENT = ("eventName", "eventDate", "venue", "siteName")
IN_SUBJECT = OF_EVENT
IN_BODY = ("userName", *OF_EVENT, "eventUrl")
MEANINGS = {
    "userName": "the name of each recipient",
    "eventName": "the name of the event",
    "eventDate": "its date and time",
    "venue": "the venue",
    "eventUrl": "a link to its page",
    "siteName": "the name of this site",
}


def clean_text(subject: str, body: str) -> tuple[str, str]:
    """Return subject and body as they are stored. Raises MessageInvalid, with a field each."""
    subject, body = clean_line(subject), clean_reason(_lines(body))
    problems = {**_subject_problems(subject), **_body_problems(body)}
    if problems:
        raise MessageInvalid(fields=problems)
    return subject, body


def fill_body(body: str, values: Mapping[str, Value]) -> RichValue:
    """Return a body with its placeholders filled."""
    return RichValue(text=fill_text(body, values), html=_as_html(body).fill(values, html_of))


def fill_line(subject: str, values: Mapping[str, Value]) -> str:
    """Return a subject with its placeholders filled, as one line."""
    return fill_subject(subject, values)


def title_of(subject: str, event_name: str) -> str:
    """Return a subject where no more of its event is looked up than the name."""
    return fill_line(subject, dict.fromkeys(IN_SUBJECT, "…") | {"eventName": event_name})


def url_value(url: str) -> RichValue:
    """Return a URL as the value of a placeholder: a link."""
    shown = escape(url)
    return RichValue(text=url, html=f'<a href="{shown}">{shown}</a>')


@lru_cache(maxsize=64)
def _as_html(body: str) -> Cut:
    """Return a body as HTML whose placeholders are not filled: the same for all recipients."""
    return Cut(linked(body).replace("\n", "<br>"))


def _lines(body: str) -> str:
    """Return a text with line breaks as they are stored, and no more than one empty line."""
    text = unicodedata.normalize("NFC", body).replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _subject_problems(subject: str) -> dict[str, str]:
    if not subject or not is_visible(subject):
        return {"subject": "Enter a subject."}
    if has_controls(subject):
        return {"subject": "Enter a single line without invisible characters."}
    if len(subject) > LONGEST_SUBJECT:
        return {"subject": f"Enter at most {LONGEST_SUBJECT} characters; these are {len(subject)}."}
    return _placeholder_problem("subject", subject, IN_SUBJECT)


def _body_problems(body: str) -> dict[str, str]:
    if not body:
        return {"body": "Write a text."}
    if len(body) > LONGEST_BODY:
        return {"body": f"Enter at most {LONGEST_BODY:,} characters; these are {len(body):,}."}
    if placeholder_in_link(body, is_link=lambda name: name == "eventUrl"):
        return {"body": "A link cannot contain a placeholder. {eventUrl} is a link by itself."}
    return _placeholder_problem("body", body, IN_BODY)


def _placeholder_problem(field: str, text: str, allowed: tuple[str, ...]) -> dict[str, str]:
    try:
        Cut(text).check(allowed)
    except PlaceholderUnknown as refusal:
        return {field: refusal.text.replace("of this template", "here")}
    return {}
