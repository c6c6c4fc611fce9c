"""Emails that were held back, sent together as one.

Emails to an unconfirmed address are limited, and wait (`operations.holding`). Where
several wait when the limit allows another one, they become parts of a single email.
"""

from collections.abc import Sequence
from html import escape
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.formatting import counted
from evently.links import absolute
from notifications.emails.email_content import EmailContent, EmailObsolete
from notifications.emails.placeholders import RichValue
from notifications.kinds.accounts import verify_url
from notifications.kinds.base import EMAIL_ONLY, KINDS, Category, Kind, Message
from notifications.kinds.rows import read_together
from notifications.models import Notification, TemplateType

# Of what an email's writer returns, the link that matters most.
LINKS = ("buttonUrl", "claimUrl", "ticketUrl", "entryUrl", "verifyUrl", "eventUrl")
# More than these are not listed one by one.
MOST_LISTED = 50


def held_emails(user_id: UUID, notification_ids: Sequence[UUID]) -> Message:
    """Send what was held back for a user as one email."""
    return HELD_EMAILS.message(
        user_id=user_id,
        key=f"held_emails:{uuid7()}",
        text=f"{counted(len(notification_ids), 'email')} to you had been held back.",
        data={"notifications": list(notification_ids)},
    )


def held_ids(notification: Notification) -> list[UUID]:
    """Return the notifications that a held email stands for: itself, or those that it merges."""
    if notification.type != HELD_EMAILS.name:
        return [notification.pk]
    return [UUID(id_) for id_ in notification.data["notifications"]]


def _write_held_emails(notification: Notification, user: User) -> EmailContent:
    held = Notification.objects.filter(user_id=user.pk, pk__in=held_ids(notification))
    found = list(held.order_by("created_at", "id"))
    read_together(found)
    items = [item for each in found if (item := _item(each, user))]
    if not items:
        raise EmailObsolete
    count, listed = counted(len(items), "email"), items[:MOST_LISTED]
    intro = (
        f"We held back {count}, because this email address had not been confirmed and we send only "
        "a few emails an hour to such an address. This is what "
        f"{'it' if len(items) == 1 else 'they'} said:"
    )
    rest = len(items) - len(listed)
    outro = f"{rest} more {'is' if rest == 1 else 'are'} in your notifications." if rest else ""
    text = "\n\n".join([intro, *(f"{words}\n{url}" for words, url in listed), outro]).strip()
    html = "<br><br>".join(
        [
            escape(intro),
            *(f'{escape(words)}<br><a href="{escape(url)}">Open</a>' for words, url in listed),
            escape(outro),
        ]
    )
    return EmailContent(
        values={
            "heading": f"{count} that we held back",
            "text": RichValue(text=text, html=html),
            **_button(user),
        }
    )


def _button(user: User) -> dict[str, str]:
    if user.is_verified:
        return {
            "buttonText": "Show my notifications",
            "buttonUrl": absolute(reverse("inbox")),
        }
    return {
        "buttonText": "Confirm my email address",
        "buttonUrl": verify_url(user),
    }


def _item(notification: Notification, user: User) -> tuple[str, str] | None:
    """Return text and link of a held email; None where it has become pointless."""
    kind = KINDS.get(notification.type)
    if kind is None or is_superseded(notification):
        return None
    try:
        content = kind.write_email(notification, user)
    except EmailObsolete:
        return None
    values: dict[str, Any] = content.values
    # The other templates have the words themselves, so the text of the inbox stands for them.
    text = values["text"] if kind.template == TemplateType.NOTIFICATION else notification.message
    url = next((values[name] for name in LINKS if name in values), settings.PUBLIC_URL)
    return (text.text if isinstance(text, RichValue) else text), str(url)


def is_superseded(notification: Notification) -> bool:
    """Tell whether a held email has become pointless by what happened since."""
    kind = KINDS.get(notification.type)
    return kind is not None and kind.is_superseded is not None and kind.is_superseded(notification)


HELD_EMAILS = Kind(
    name="held_emails",
    label="Emails that were held back",
    category=Category.ACCOUNT,
    channels=EMAIL_ONLY,
    write_email=_write_held_emails,
)
