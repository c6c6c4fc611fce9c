"""Offers whose message came late, or not at all: their end moves once, to twice the time at most.

| What is known of the message | Its end |
|---|---|
| handed over in time | stays |
| handed over late | moves: the time to claim begins at the hand-over |
| an email that came back or was refused | moves: it begins when that is known |
| still not handed over when the time is over | moves to twice the time that it first had |

It moves once. At its end, the seats go to the next person, whether anything has reached this one
or not; if nothing has, the offer does not count as one that ran out (`is_unreached`). What is known
of messages is asked by `reach_asked`, from what is stored about them: so nothing depends on a task,
and an end that was not moved at the time is moved before the offer would end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from evently.database.clock import now
from evently.database.identity import as_worker
from events.locks import lock_event
from events.models import Event
from waitlists.claim_windows import MINUTE, window_end
from waitlists.locks import lock_promotion
from waitlists.models import MovedReason, Promotion, PromotionStatus
from waitlists.signals import promotion_followed, reach_asked

# A message that took less than this, or than this share of the time to claim, is in time.
IN_TIME, SHARE_IN_TIME = timedelta(minutes=1), 20
# The public record may have the offer made a moment later, by which twice the time is judged.
LEEWAY = timedelta(seconds=1)


class ReachState(StrEnum):
    """What became of the message about an offer."""

    # Handed over, or opened; it may have been late.
    REACHED = "reached"
    # The email came back, or was refused for good.
    LOST = "lost"
    # Not handed over yet.
    WAITING = "waiting"


@dataclass(frozen=True)
class Reach:
    """at: when it was handed over; None for others.

    is_certain: the person could not have made it look so.
    """

    state: ReachState
    at: datetime | None = None
    is_certain: bool = True

    @property
    def is_none(self) -> bool:
        """Whether nothing has reached the person, for certain."""
        return self.state is not ReachState.REACHED and self.is_certain


def end_if_told(offer: Promotion, *, at: datetime) -> datetime:
    """Return when an offer ends if its person is told of it at a time; `offer.event` is loaded.

    It stays the same where that is in time, and where it was moved before.
    """
    window = offer.expires_at - offer.promoted_at
    if offer.first_expires_at is not None or at - offer.promoted_at < _in_time(window):
        return offer.expires_at
    end = window_end(
        offer.event,
        at=at,
        length=offer.window_minutes * MINUTE,
        zone=offer.waitlist.own_zone,
    )
    return max(offer.expires_at, min(end, _latest(offer)))


def follow(*, event_id: UUID, promotion_id: UUID) -> None:
    """Move the end of an offer if its message came late or did not arrive.

    In the caller's transaction. Raises PromotionNotFound, EventBusy.
    """
    with as_worker():
        event = lock_event(event_id)
        offer = lock_promotion(locked_event=event, promotion_id=promotion_id)
        if offer.is_pending:
            _follow(offer, reach_of(event, [offer]).get(offer.pk))


def reach_of(event: Event, offers: Sequence[Promotion]) -> Mapping[UUID, Reach]:
    """Return what is known of the messages about offers; nothing of those that came in time."""
    found: dict[UUID, Reach] = {}
    answer: Any
    for _, answer in reach_asked.send(sender=Promotion, event=event, promotions=list(offers)):
        found.update(answer or {})
    return found


def follow_overdue(
    event: Event, offers: Sequence[Promotion]
) -> tuple[list[Promotion], list[Promotion]]:
    """Move the ends of overdue offers that have to be; return those that end, and the unreached.

    The event is locked. The unreached are among those that end.
    """
    reach = reach_of(event, offers)
    ending, unreached = [], []
    for offer in offers:
        offer.event = event
        known = reach.get(offer.pk)
        _follow(offer, known)
        if offer.expires_at > now():
            continue
        ending.append(offer)
        if known is not None and known.is_none:
            unreached.append(offer)
    return ending, unreached


def _follow(offer: Promotion, known: Reach | None) -> None:
    """Write down what is known, and move the end once; what is too late changes nothing."""
    if known is None:
        return
    at = now()
    changes: dict[str, object] = {}
    is_lost = known.state is ReachState.LOST and offer.message_lost_at is None
    if is_lost:
        changes["message_lost_at"] = offer.message_lost_at = at
    end, reason = _new_end(offer, known, at=at)
    is_moved = end > max(offer.expires_at, at)
    if is_moved:
        changes |= {
            "first_expires_at": offer.expires_at,
            "expires_at": end,
            "moved_reason": reason,
        }
    if not changes:
        return
    Promotion.objects.filter(
        event_id=offer.event_id, pk=offer.pk, status=PromotionStatus.PENDING
    ).update(**changes)
    for name, value in changes.items():
        setattr(offer, name, value)
    promotion_followed.send(
        sender=Promotion, event=offer.event, promotion=offer, is_moved=is_moved, is_lost=is_lost
    )


def _new_end(offer: Promotion, known: Reach, *, at: datetime) -> tuple[datetime, MovedReason]:
    if known.state is ReachState.WAITING:
        is_over = at >= offer.expires_at and offer.first_expires_at is None
        return (_latest(offer) if is_over else offer.expires_at), MovedReason.WAITING
    if known.state is ReachState.LOST:
        return end_if_told(offer, at=offer.message_lost_at or at), MovedReason.LOST
    return end_if_told(offer, at=known.at or at), MovedReason.LATE


def _latest(offer: Promotion) -> datetime:
    """Return the latest end that an offer can be moved to."""
    twice = offer.expires_at + (offer.expires_at - offer.promoted_at) - LEEWAY
    return min(twice, offer.event.line_closes_at)


def _in_time(window: timedelta) -> timedelta:
    return max(IN_TIME, window / SHARE_IN_TIME)
