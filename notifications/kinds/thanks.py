"""Thanks after an event, to those who came."""

from uuid import UUID

from evently.accounts.models import User
from events.models import Event
from notifications.emails.email_content import EmailContent, EmailObsolete, with_links
from notifications.kinds import common
from notifications.kinds.base import Category, Kind, Message, link_to_event
from notifications.kinds.rows import rows_of
from notifications.models import Notification, TemplateType


def event_over(event: Event, user_id: UUID) -> Message:
    """Thank an attendee, once."""
    return EVENT_OVER.message(
        user_id=user_id,
        key=f"event_over:{event.pk}",
        text=f"{event.name} is over. Thank you, and we hope you had a good time.",
        event_id=event.pk,
    )


def _write_event_over(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    if event.is_cancelled or not event.is_over(at=rows_of(notification).now):
        # Its end was moved, or it is cancelled after all.
        raise EmailObsolete
    can_reply = bool(rows_of(notification).reply_address(event.pk))
    note = contact_note(event, can_reply=can_reply)
    return EmailContent(values={**common.event_values(event), "contactNote": with_links(note)})


def contact_note(event: Event, *, can_reply: bool) -> str:
    """Return how to reach the organizer; "" if no way is known. can_reply: to the email."""
    if can_reply:
        return "Reply to this email to reach the organizer."
    if event.contact_url:
        return f"This is how you reach the organizer: {event.contact_url}"
    return ""


EVENT_OVER = Kind(
    name="event_over",
    label="Thanks after an event",
    category=Category.MESSAGES,
    icon="sparkles",
    link=link_to_event,
    template=TemplateType.EVENT_OVER,
    write_email=_write_event_over,
)
