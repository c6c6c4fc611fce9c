"""The ways to lock waitlist entries and offers. Lock their event first."""

from uuid import UUID

from evently.errors import NotFound
from events.models import Event
from waitlists.models import Promotion, WaitlistEntry


class EntryNotFound(NotFound):
    """There is no such entry, or it belongs to another user."""

    message = "We could not find this waitlist entry."


class PromotionNotFound(NotFound):
    """There is no such offer, or it was made to another user."""

    message = "We could not find this offer."


def lock_entry(*, locked_event: Event, entry_id: UUID) -> WaitlistEntry:
    """Lock an entry of a locked event until commit. Raises EntryNotFound."""
    entry = (
        WaitlistEntry.objects.select_for_update(no_key=True)
        .filter(event_id=locked_event.pk, pk=entry_id)
        .first()
    )
    if entry is None:
        raise EntryNotFound
    entry.event = locked_event
    return entry


def lock_promotion(*, locked_event: Event, promotion_id: UUID) -> Promotion:
    """Lock an offer of a locked event until commit. Raises PromotionNotFound."""
    promotion = (
        Promotion.objects.select_for_update(no_key=True)
        .filter(event_id=locked_event.pk, pk=promotion_id)
        .first()
    )
    if promotion is None:
        raise PromotionNotFound
    promotion.event = locked_event
    return promotion
