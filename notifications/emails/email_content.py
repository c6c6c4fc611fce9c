"""What a mail is made of."""

from dataclasses import dataclass, field

from notifications.emails.placeholders import Value
from notifications.emails.tickets import Picture


class Obsolete(Exception):
    """There is nothing left to mail: what the message is about is over, or gone."""


@dataclass
class Content:
    """What a mail is made of."""

    values: dict[str, Value] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    calendar: bytes | None = None


def with_button(*, heading: str, text: str, button_text: str, button_url: str) -> Content:
    """Return the content of a mail that leads to one thing."""
    return Content(
        values={
            "heading": heading,
            "text": text,
            "buttonText": button_text,
            "buttonUrl": button_url,
        }
    )
