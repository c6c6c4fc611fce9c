"""An email as a person who is not its recipient may read it: without links and codes.

Links in emails work without logging in, and codes admit to the event, so a preview shows neither.
It is rendered anew, since emails are not stored.
"""

import re
from dataclasses import dataclass
from email.message import Message

from django.conf import settings

from evently.accounts.models import User
from notifications.emails.email_content import EmailObsolete
from notifications.emails.message import build_email
from notifications.kinds import UnknownKind
from notifications.models import Notification

_HREF = re.compile(r"\s(?:href|action|background)=(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
LINK, CODE = "(link)", "(code)"


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
        subject=_without_links(str(email.subject)),
        text=_without_links(str(email.body)),
        html=_without_links(_IMAGE.sub(CODE, _HREF.sub("", html))),
        attachments=names,
    )


def _without_links(text: str) -> str:
    """Replace all URLs of this site that are more than its home page."""
    return re.sub(rf"{re.escape(settings.PUBLIC_URL)}/[^\s\"'<>]+", LINK, text)
