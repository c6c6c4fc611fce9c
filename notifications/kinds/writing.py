"""Messages that organizers write to their attendees (`notifications.writing`)."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from evently.accounts.models import User
from events.models import Event
from notifications.emails.email_content import EmailContent, EmailObsolete
from notifications.emails.placeholders import RichValue, Value
from notifications.kinds import common, holdings
from notifications.kinds.base import Category, Kind, Link, Message
from notifications.kinds.rows import rows_of
from notifications.message_models import MessageState, OrganizerMessage
from notifications.models import Notification, TemplateType
from notifications.writing.text import ERASED, fill_body, fill_line, url_value

REPLY_NOTE = "If you reply to this email, they get it."


def organizer_messages(
    message: OrganizerMessage, event: Event, user_ids: Iterable[UUID]
) -> list[Message]:
    """Notify users of what an organizer has written, each once."""
    subject = fill_line(message.subject, event_values(event))
    return [
        ORGANIZER_MESSAGE.message(
            user_id=user_id,
            key=f"organizer_message:{message.pk}",
            text=f"The organizer of {event.name} has written to you: “{subject}”.",
            event_id=event.pk,
            data={"message": message.pk},
        )
        for user_id in user_ids
    ]


def event_values(event: Event) -> dict[str, Value]:
    """Return the values of all placeholders but that of the recipient."""
    values = common.event_values(event)
    return values | {
        "siteName": settings.SITE_NAME,
        "eventUrl": url_value(str(values["eventUrl"])),
    }


def text_for(message: OrganizerMessage, event: Event, name: str) -> tuple[str, RichValue]:
    """Return subject and body as a recipient of this name reads them."""
    values = event_values(event) | {"userName": name}
    return fill_line(message.subject, values), fill_body(message.body, values)


def content_of(
    message: OrganizerMessage, event: Event, name: str, *, can_reply: bool
) -> EmailContent:
    """Return the email of a message, but for its button.

    can_reply: whether replies reach the organizer.
    """
    subject, body = text_for(message, event, name)
    return EmailContent(
        values={
            **common.event_values(event),
            "messageSubject": subject,
            "messageText": body,
            "replyNote": REPLY_NOTE if can_reply else "",
        }
    )


def _write(notification: Notification, user: User) -> EmailContent:
    event, rows = common.event_of(notification), rows_of(notification)
    message = rows.written(event.pk, notification.data.get("message"))
    if message is None or message.body == ERASED or message.state == MessageState.STOPPED:
        raise EmailObsolete
    can_reply = bool(rows.reply_address(event.pk))
    content = content_of(message, event, user.display_name, can_reply=can_reply)
    button = holdings.button_of(holdings.holdings_of(notification))
    if notification.data.get("test"):
        content.values["messageSubject"] = f"Test: {content.values['messageSubject']}"
    content.values |= {"buttonText": button["button_text"], "buttonUrl": button["button_url"]}
    return content


def _link(notification: Notification) -> Link:
    return Link(reverse("organizer_message", args=[notification.pk]), "Read the message")


ORGANIZER_MESSAGE = Kind(
    name="organizer_message",
    label="Message from an organizer",
    category=Category.MESSAGES,
    template=TemplateType.ORGANIZER_MESSAGE,
    icon="mail",
    link=_link,
    write_email=_write,
)
