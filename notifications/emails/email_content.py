"""What a kind's email writer returns, for the templates to render."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Protocol

from bookings.calendar import CalendarFile
from evently.rich_text import linked
from notifications.emails.placeholders import RichValue, Value


class EmailObsolete(Exception):
    """There is nothing left to send: what the message is about is over, or gone."""


class EmailTakenBack(EmailObsolete):
    """The message was taken back: a recipient who has not read it in the app does not find it."""


class InlineImage(Protocol):
    """An image inside the email, which the HTML refers to by its content id.

    encoded: its content as lines of base64.
    """

    @property
    def content_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def content_type(self) -> str: ...

    @property
    def encoded(self) -> str: ...


@dataclass(frozen=True)
class AttachedFile:
    """A file of an email. content_type: with its parameters."""

    name: str
    content_type: str
    content: bytes


@dataclass
class EmailContent:
    """What one email has beside its template.

    values: by placeholder, without those that all templates have. calendars: iCalendar files;
    files: any others.
    footnote: below whatever the template says.
    """

    values: dict[str, Value] = field(default_factory=dict)
    images: Sequence[InlineImage] = field(default_factory=list)
    calendars: list[CalendarFile] = field(default_factory=list)
    files: list[AttachedFile] = field(default_factory=list)
    footnote: RichValue | None = None


@dataclass(frozen=True)
class TextLink:
    """A line with a link: what it is about, and where it leads."""

    label: str
    url: str


def call_to_action(
    *, heading: str, text: str, button_text: str, button_url: str, links: Sequence[TextLink] = ()
) -> EmailContent:
    """Return the content of an email with one button, for the template `notification`.

    links: lines below the text, for what the button alone cannot lead to.
    """
    return EmailContent(
        values={
            "heading": heading,
            "text": text_and_links(text, links),
            "buttonText": button_text,
            "buttonUrl": button_url,
        }
    )


@lru_cache(maxsize=256)
def with_links(text: str) -> RichValue:
    """Return a text, its web addresses as links; for texts that may quote an organizer.

    An empty line begins a paragraph. The same for many emails about an event, so the last ones are
    kept.
    """
    return RichValue(text=text, html=linked(text).replace("\n\n", "<br><br>"))


def text_and_links(text: str, links: Sequence[TextLink]) -> RichValue:
    """Return a text as `with_links`, and lines with links below it."""
    if not links:
        return with_links(text)
    lines = [f'<a href="{escape(link.url)}">{escape(link.label)}</a>' for link in links]
    return RichValue(
        text="\n\n".join([text, *(f"{link.label}:\n{link.url}" for link in links)]),
        html="<br>".join([linked(text), "", *lines]),
    )
