"""Messages that organizers write to their attendees (`notifications.writing`)."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from evently.accounts.models import User
from events.models import Event
from notifications.emails.email_content import EmailContent, EmailObsolete, EmailTakenBack
from notifications.emails.placeholders import RichValue, Value
from notifications.kinds import common, holdings
from notifications.kinds.base import Category, Kind, Link, Message
from notifications.kinds.rows import Rows, rows_of
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


def _write(notification: Notification, user: User) -> EmailContent:
    event, rows = common.event_of(notification), rows_of(notification)
    message = rows.written(event.pk, notification.data.get("message"))
    if message is None or message.body == ERASED:
        raise EmailObsolete
    # A preview is of any message.
    if message.state == MessageState.STOPPED and not notification.data.get("preview"):
        raise EmailTakenBack
    subject, body = text_for(message, event, user.display_name)
    button = holdings.button_of(holdings.holdings_of(notification))
    return EmailContent(
        values={
            **common.event_values(event),
            "messageSubject": f"Test: {subject}" if notification.data.get("test") else subject,
            "messageText": body,
            "replyNote": REPLY_NOTE if _can_reply(rows, event) else "",
            "buttonText": button["button_text"],
            "buttonUrl": button["button_url"],
        }
    )


def _can_reply(rows: Rows, event: Event) -> bool:
    """Return whether replies to the email go anywhere."""
    texts = rows.event_texts(event.pk, TemplateType.ORGANIZER_MESSAGE)
    if texts is not None and texts.reply_to and rows.own_reply_address(event.pk, texts.reply_to):
        return True
    return bool(rows.reply_address(event.pk))


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
