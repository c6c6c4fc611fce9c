"""A message to attendees before it is sent: as it will arrive, and whom it reaches, in words."""

from dataclasses import dataclass

from evently.accounts.models import User
from evently.database.identity import as_worker
from evently.formatting import as_list, counted
from notifications.emails.email_content import EmailObsolete
from notifications.emails.message import build_email
from notifications.emails.preview_pages import with_images
from notifications.kinds.writing import ORGANIZER_MESSAGE
from notifications.message_models import OrganizerMessage
from notifications.models import Notification
from notifications.writing.audiences import Reach

PEOPLE = ("person", "people")


@dataclass(frozen=True)
class MessagePreview:
    """reply_to: where replies go, "" for nowhere."""

    subject: str
    text: str
    html: str
    reply_to: str


@as_worker()
def preview_of(message: OrganizerMessage, user: User) -> MessagePreview | None:
    """Return the email of a message as this user would get it now; None once it is erased.

    As the worker, who writes emails. What it reads of a person is the user's own.
    """
    notification = Notification(
        user_id=user.pk,
        event_id=message.event_id,
        type=ORGANIZER_MESSAGE.name,
        data={"message": str(message.pk), "preview": True},
    )
    try:
        email = build_email(notification, user)
    except EmailObsolete:
        return None
    html = next(str(part) for part, kind in email.alternatives if kind == "text/html")
    html = with_images(html, email)
    replies = ", ".join(email.reply_to or [])
    return MessagePreview(str(email.subject), str(email.body), html, replies)


def reach_in_words(reach: Reach) -> str:
    """Return whom a message would reach now, in a sentence or two."""
    if not reach.people:
        return "No one now."
    parts = [f"{reach.by_email:,} by email"] if reach.by_email else []
    if reach.in_app:
        parts.append(f"{reach.in_app:,} in the app only")
    sentence = f"{counted(reach.people, *PEOPLE)} now"
    if parts:
        sentence += f": {as_list(parts)}"
    return " ".join([f"{sentence}.", *_left_out(reach)])


def _left_out(reach: Reach) -> list[str]:
    reasons = []
    if reach.turned_off:
        reasons.append(f"{reach.turned_off:,} turned messages from organizers off")
    if reach.no_emails:
        reasons.append(f"{reach.no_emails:,} turned these emails off")
    if reach.unreachable:
        has = "has an address" if reach.unreachable == 1 else "have addresses"
        reasons.append(f"{reach.unreachable:,} {has} whose emails come back")
    return [f"Of them, {as_list(reasons)}."] if reasons else []
