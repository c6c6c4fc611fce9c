"""Facts of waitlists that users are notified of, as `receivers` has the others."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from events.models import Event
from notifications.kinds import (
    draws,
    offers,
    places,
    waitlist,
)
from notifications.offers import reach_of
from notifications.operations.creating import notify
from waitlists.draw_queries import newest_draw
from waitlists.models import Draw, Promotion, WaitlistEntry
from waitlists.operations.reaching import Reach
from waitlists.signals import (
    draw_announced,
    draw_done,
    draw_void,
    entries_closed,
    entries_outgrown,
    promotion_followed,
    promotions_ended,
    promotions_made,
    reach_asked,
    waitlist_joined,
)


@receiver(waitlist_joined, dispatch_uid="notifications.waitlist_join")
def notify_waitlist_joined(sender: type, *, entry: WaitlistEntry, **kwargs: Any) -> None:
    """Confirm that a user has joined, or ask them to confirm the place."""
    if not entry.is_confirmed:
        notify(messages=[places.place_to_confirm(entry)])
        return
    draw = newest_draw(entry.event_id) if entry.event.has_pending_draw else None
    if draw is None:
        notify(messages=[waitlist.waitlist_joined(entry)])
    else:
        notify(messages=[draws.draw_joined(entry.event, draw, entry)])


@receiver(draw_announced, dispatch_uid="notifications.draw_announced")
def notify_draw_announced(sender: type, *, event: Event, draw: Draw, **kwargs: Any) -> None:
    """Notify those who wait already; of an event that is not published, no one can."""
    waiting = WaitlistEntry.objects.waiting().filter(event_id=event.pk)
    notify(messages=[draws.draw_announced(event, draw, entry) for entry in waiting])


@receiver(draw_done, dispatch_uid="notifications.draw_done")
def notify_draw_done(
    sender: type, *, event: Event, draw: Draw, entries: Sequence[WaitlistEntry], **kwargs: Any
) -> None:
    """Notify those who have a place, and no offer that names it."""
    notify(messages=[draws.draw_done(event, draw, entry) for entry in entries])


@receiver(draw_void, dispatch_uid="notifications.draw_void")
def notify_draw_void(
    sender: type, *, event: Event, draw: Draw, again: Draw | None, **kwargs: Any
) -> None:
    """Notify all who wait; of an event that is cancelled, they hear that it is."""
    if event.is_active:
        waiting = WaitlistEntry.objects.waiting().filter(event_id=event.pk)
        notify(messages=[draws.draw_void(event, draw, entry, again=again) for entry in waiting])


@receiver(promotions_made, dispatch_uid="notifications.waitlist_promotion")
def notify_promotions_made(
    sender: type, *, event: Event, promotions: Sequence[Promotion], **kwargs: Any
) -> None:
    notify(messages=[waitlist.promotion_made(event, promotion) for promotion in promotions])


@receiver(reach_asked, dispatch_uid="notifications.reach")
def tell_reach(
    sender: type, *, event: Event, promotions: Sequence[Promotion], **kwargs: Any
) -> dict[UUID, Reach]:
    """Return what is known of the messages about offers."""
    return reach_of(promotions)


@receiver(promotion_followed, dispatch_uid="notifications.offer_moved")
def notify_offer_moved(
    sender: type, *, event: Event, promotion: Promotion, is_lost: bool, **kwargs: Any
) -> None:
    """Tell the person in the app, where the newest message is first."""
    notify(messages=[offers.offer_moved(event, promotion, is_lost=is_lost)])


@receiver(promotions_ended, dispatch_uid="notifications.promotion_ended")
def notify_promotions_ended(
    sender: type, *, event: Event, promotions: Sequence[Promotion], **kwargs: Any
) -> None:
    """Notify users whose offer has ended; of a cancelled event they hear only that it is."""
    if not event.is_cancelled:
        ids = [promotion.pk for promotion in promotions]
        ended = Promotion.objects.filter(event_id=event.pk, pk__in=ids).select_related("waitlist")
        notify(messages=[waitlist.promotion_ended(event, offer) for offer in ended.order_by("pk")])


@receiver(entries_closed, dispatch_uid="notifications.waitlist_closed")
def notify_entries_closed(
    sender: type, *, event: Event, entries: Sequence[WaitlistEntry], **kwargs: Any
) -> None:
    """Notify users who were still waiting when the waitlist closed.

    Of an entry with an offer, they hear that the offer has ended, or that the event is cancelled.
    """
    told = entries if event.is_cancelled else [entry for entry in entries if entry.is_waiting]
    notify(messages=[waitlist.entry_closed(event, entry) for entry in told])


@receiver(entries_outgrown, dispatch_uid="notifications.waitlist_outgrown")
def notify_entries_outgrown(
    sender: type, *, event: Event, entries: Sequence[WaitlistEntry], **kwargs: Any
) -> None:
    """Notify users who need more seats than the event has."""
    notify(messages=[waitlist.entry_outgrown(event, entry) for entry in entries])
