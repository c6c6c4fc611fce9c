"""An email rendered as it would be sent now, for a person who is not its recipient."""

from dataclasses import dataclass
from email.message import Message

from evently.accounts.models import User
from notifications.emails.email_content import EmailObsolete
from notifications.emails.message import build_email
from notifications.emails.redaction import redacted_html, redacted_text
from notifications.kinds import UnknownKind
from notifications.models import Notification


@dataclass(frozen=True)
class Preview:
    """subject, text, html; attachments: their names."""

    subject: str
    text: str
    html: str
    attachments: list[str]


def preview(notification: Notification, user: User) -> Preview | None:
    """Return the email as it would be sent now; None where there is nothing left to send."""
    try:
        email = build_email(notification, user)
    except (EmailObsolete, UnknownKind):
        return None
    html = next((str(part) for part, kind in email.alternatives if kind == "text/html"), "")
    names = [
        name
        for part in email.attachments
        if isinstance(part, Message)
        and (name := part.get_filename())
        and part.get_content_maintype() != "image"
    ]
    return Preview(
        subject=redacted_text(str(email.subject)),
        text=redacted_text(str(email.body)),
        html=redacted_html(html),
        attachments=names,
    )
