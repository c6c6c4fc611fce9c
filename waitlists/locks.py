"""The ways to lock waitlist entries and offers. Lock their event first."""

from uuid import UUID

from evently.database.prepared import PreparedQuery
from evently.errors import NotFound
from events.models import Event
from waitlists.models import Promotion, WaitlistEntry


class EntryNotFound(NotFound):
    """There is no such entry, or it belongs to another user."""

    message = "We could not find this waitlist entry."


class PromotionNotFound(NotFound):
    """There is no such offer, or it was made to another user."""

    message = "We could not find this offer."


LOCKED_ENTRY = PreparedQuery(
    lambda event_id, entry_id: WaitlistEntry.objects.select_for_update(no_key=True).filter(
        event_id=event_id, pk=entry_id
    ),
    event_id=UUID,
    entry_id=UUID,
)
LOCKED_PROMOTION = PreparedQuery(
    lambda event_id, promotion_id: Promotion.objects.select_for_update(no_key=True).filter(
        event_id=event_id, pk=promotion_id
    ),
    event_id=UUID,
    promotion_id=UUID,
)


def lock_entry(*, locked_event: Event, entry_id: UUID) -> WaitlistEntry:
    """Lock an entry of a locked event until commit. Raises EntryNotFound."""
    entry = LOCKED_ENTRY.first(event_id=locked_event.pk, entry_id=entry_id)
    if entry is None:
        raise EntryNotFound
    entry.event = locked_event
    return entry


def lock_promotion(*, locked_event: Event, promotion_id: UUID) -> Promotion:
    """Lock an offer of a locked event until commit. Raises PromotionNotFound."""
    promotion = LOCKED_PROMOTION.first(event_id=locked_event.pk, promotion_id=promotion_id)
    if promotion is None:
        raise PromotionNotFound
    promotion.event = locked_event
    return promotion
