"""Every operation of the OpenAPI document, and rows to try it on."""

from uuid import uuid4

from drf_spectacular.generators import SchemaGenerator

from bookings.factories import BookingFactory
from bookings.operations import Canceller, cancel_booking
from evently.accounts.factories import OrganizerFactory
from evently.accounts.models import UserSession
from events.factories import EventFactory
from notifications.models import Notification
from notifications.writing.drafting import Draft, create_draft
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import Promotion

DOCUMENT = SchemaGenerator().get_schema(request=None, public=True)
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def ids(operations):
    return [f"{method} {path}" for method, path, _ in operations]


def scopes_of(operation):
    """Return the scope that an operation needs, or None where it needs none."""
    return next(iter(operation["security"][0].get("bearer", [])), None)


PRIVATE = [one for one in OPERATIONS if {} not in one[2]["security"]]
SCOPED = [one for one in PRIVATE if scopes_of(one[2])]
PUBLIC = [one for one in OPERATIONS if {} in one[2]["security"]]
WITH_ID = [one for one in OPERATIONS if "{" in one[1]]
WITH_BODY = [one for one in OPERATIONS if "requestBody" in one[2]]
LISTS = [
    one
    for one in OPERATIONS
    if one[0] == "GET" and any(p.get("name") == "cursor" for p in one[2].get("parameters", ()))
]


def make_story():
    """Return an organizer and the ids of rows that are all theirs, including an open offer."""
    organizer = OrganizerFactory()
    event = EventFactory(created_by=organizer, total_capacity=2, priced=10)
    booking = BookingFactory(event=event, user=organizer)
    other = BookingFactory(event=event)
    entry = WaitlistEntryFactory(event=event, user=organizer)
    cancel_booking(event_id=event.pk, booking_id=other.pk, by=Canceller.ORGANIZER)
    offer = Promotion.objects.get(event_id=event.pk)
    message = Notification.objects.filter(user_id=organizer.pk).first()
    draft = create_draft(
        Draft("Doors", "At seven.", "booked"), event_id=event.pk, by_id=organizer.pk
    )
    session = UserSession.objects.create(user=organizer, session_digest="5" * 64)
    return organizer, {
        "event_id": event.pk,
        "booking_id": booking.pk,
        "entry_id": entry.pk,
        "promotion_id": offer.pk,
        "notification_id": message.pk,
        "message_id": draft.pk,
        "session_id": session.pk,
    }


def address(path, ids):
    """Return an operation's path with these ids filled in, and random ones for the rest."""
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, str(ids.get(part.strip("{}"), uuid4())))
    return path


def send(client, method, path, **kwargs):
    """Send a request without encoding its body."""
    return client.generic(method, path, **kwargs)
