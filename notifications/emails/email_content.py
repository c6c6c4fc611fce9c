"""What a kind's email writer returns, for the templates to render."""

from dataclasses import dataclass, field

from notifications.emails.placeholders import Value
from notifications.emails.tickets import InlineImage


class EmailObsolete(Exception):
    """There is nothing left to send: what the message is about is over, or gone."""


@dataclass
class EmailContent:
    """What one email has beside its template.

    values: by placeholder, without those that all templates have. calendar: an iCalendar file.
    """

    values: dict[str, Value] = field(default_factory=dict)
    images: list[InlineImage] = field(default_factory=list)
    calendar: bytes | None = None


def call_to_action(*, heading: str, text: str, button_text: str, button_url: str) -> EmailContent:
    """Return the content of an email with one button, for the template `notification`."""
    return EmailContent(
        values={
            "heading": heading,
            "text": text,
            "buttonText": button_text,
            "buttonUrl": button_url,
        }
    )
