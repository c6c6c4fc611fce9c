"""A message to attendees before it is sent: as it will arrive, and whom it reaches, in words."""

from django.conf import settings

from evently.accounts.models import User
from evently.formatting import as_list, counted
from evently.links import absolute, path_to
from events.contact import reply_address
from events.models import Event
from notifications.emails.templates import RenderedEmail, render_active
from notifications.kinds import common
from notifications.kinds.writing import ORGANIZER_MESSAGE, content_of
from notifications.message_models import OrganizerMessage
from notifications.writing.audiences import Reach

PEOPLE = ("person", "people")


def rendered(message: OrganizerMessage, event: Event, user: User) -> RenderedEmail:
    """Return the email of a message as this user would get it, who has seats of the event."""
    content = content_of(message, event, user.display_name, can_reply=bool(reply_address(event)))
    return render_active(
        ORGANIZER_MESSAGE.template,
        {
            "siteName": settings.SITE_NAME,
            "siteUrl": settings.PUBLIC_URL,
            "accountUrl": absolute(path_to("account")),
            "userName": user.display_name,
            "buttonText": "Show my booking",
            "buttonUrl": common.event_url(event),
            **content.values,
        },
    )


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
