"""The queries of `kinds.rows`, prepared: a mailer runs them for each batch of emails."""

from typing import Any

from django.db.models import F, Q

from bookings.models import HOLDING_SEATS, Booking, Ticket
from evently.accounts.models import User
from evently.database.functions import Among, GivenIds
from evently.database.prepared import PreparedQuery
from events.models import Event
from notifications.event_email_models import EventEmail
from notifications.logo_models import EventLogo
from notifications.message_models import OrganizerMessage
from notifications.mute_models import EventMute
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry

Ids = Any


def _among(column: str, ids: Ids) -> Among:
    return Among(F(column), GivenIds(ids))


USERS = PreparedQuery(
    lambda user_ids: User.objects.with_keys().filter(_among("pk", user_ids)), user_ids=list
)
EVENTS = PreparedQuery(
    lambda event_ids: Event.objects.select_related("created_by__person_key").filter(
        _among("pk", event_ids)
    ),
    event_ids=list,
)
EVENT_EMAILS = PreparedQuery(
    lambda event_ids: EventEmail.objects.filter(_among("event_id", event_ids)), event_ids=list
)
# Without the files, which processes keep.
LOGO_DIGESTS = PreparedQuery[Any](
    lambda event_ids: EventLogo.objects.filter(_among("event_id", event_ids)).values_list(
        "event_id", "digest"
    ),
    event_ids=list,
)
# What users have of events, and those that messages are about, oldest first.
BOOKINGS = PreparedQuery(
    lambda event_ids, user_ids, booking_ids: Booking.objects.filter(
        Q(status__in=HOLDING_SEATS) | Q(_among("pk", booking_ids)),
        _among("event_id", event_ids),
        _among("user_id", user_ids),
    ).order_by("pk"),
    event_ids=list,
    user_ids=list,
    booking_ids=list,
)
# Valid, and not handed over to others.
TICKETS = PreparedQuery(
    lambda event_ids, booking_ids: (
        Ticket.objects.filter(
            Q(holder__isnull=True) | Q(holder_id=F("booking__user_id")),
            _among("event_id", event_ids),
            _among("booking_id", booking_ids),
            cancelled_at__isnull=True,
        )
        .select_related("holder__person_key")
        .order_by("id")
    ),
    event_ids=list,
    booking_ids=list,
)
CLAIMED_OFFERS = PreparedQuery(
    lambda event_ids, booking_ids: Promotion.objects.filter(
        _among("event_id", event_ids), _among("booking_id", booking_ids)
    ).select_related("waitlist"),
    event_ids=list,
    booking_ids=list,
)
OPEN_ENTRIES = PreparedQuery(
    lambda event_ids, user_ids: WaitlistEntry.objects.open().filter(
        _among("event_id", event_ids), _among("user_id", user_ids)
    ),
    event_ids=list,
    user_ids=list,
)
OPEN_OFFERS = PreparedQuery(
    lambda event_ids, entry_ids: Promotion.objects.filter(
        _among("event_id", event_ids),
        _among("waitlist_id", entry_ids),
        status=PromotionStatus.PENDING,
    ),
    event_ids=list,
    entry_ids=list,
)
ENTRIES = PreparedQuery(
    lambda event_ids, entry_ids: WaitlistEntry.objects.filter(
        _among("event_id", event_ids), _among("pk", entry_ids)
    ),
    event_ids=list,
    entry_ids=list,
)
OFFERS = PreparedQuery(
    lambda event_ids, offer_ids: Promotion.objects.select_related("waitlist").filter(
        _among("event_id", event_ids), _among("pk", offer_ids)
    ),
    event_ids=list,
    offer_ids=list,
)
MUTES = PreparedQuery[Any](
    lambda event_ids, user_ids: (
        EventMute.objects.filter(_among("event_id", event_ids), _among("user_id", user_ids))
        .order_by()
        .values_list("event_id", "user_id", "category", "channel")
    ),
    event_ids=list,
    user_ids=list,
)
MESSAGES = PreparedQuery(
    lambda event_ids, message_ids: OrganizerMessage.objects.filter(
        _among("event_id", event_ids), _among("pk", message_ids)
    ),
    event_ids=list,
    message_ids=list,
)
