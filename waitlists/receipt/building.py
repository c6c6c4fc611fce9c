"""Putting a receipt together: all joinings of one person, and how the last one stands now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from evently.formatting import counted, seats
from events.sale import RESERVES_UNTIL
from waitlists.choosing import reserves
from waitlists.models import Promotion, RecordKind, WaitlistEntry
from waitlists.queries import RECENT, seats_returned_lately
from waitlists.receipt import stored
from waitlists.receipt.grouping import shorten
from waitlists.receipt.messages import why_moved, with_messages
from waitlists.receipt.story import Story, story_of
from waitlists.receipt.words import Step, step_of

# More steps than a person reads; earlier ones are only counted.
MOST_STEPS = 40


@dataclass(frozen=True)
class Receipt:
    """steps: newest first. earlier: further steps that are not among them.

    passes: offers and public sales that passed the entry. reserves: seats are kept for it.
    """

    steps: list[Step]
    earlier: int
    passes: int
    reserves: bool


def receipt_of(entry: WaitlistEntry, *, at: datetime) -> Receipt:
    """Return the receipt of an entry, with its event loaded, at a time."""
    offers = list(_offers_of(entry))
    steps = [step for offer in offers if not offer.ref for step in stored.offered(offer)]
    if entry.ref is None:
        steps = [stored.joined(entry), *steps]
        if not any(offer.promoted_at >= entry.joined_at for offer in offers):
            steps += stored.ended(entry)
        return _receipt(entry, steps, passes=0, at=at)
    # A dict keeps the order, and each pseudonym once.
    earlier = dict.fromkeys(offer.ref for offer in offers if offer.ref and offer.ref != entry.ref)
    stories = [story_of(event_id=entry.event_id, ref=ref, is_open=False) for ref in earlier]
    story = story_of(event_id=entry.event_id, ref=entry.ref, is_open=_is_open(entry))
    reasons = why_moved(offers, zone=entry.event.zone)
    for one in (*stories, story):
        one.why_moved = reasons
        steps += _steps_of(one, entry)
    steps = with_messages(steps, offers)
    steps += _present(entry, story)
    return _receipt(entry, steps, passes=story.passes, at=at)


def returned_seats_text(event_id: UUID) -> str:
    """Return how many seats were cancelled lately, as a hint at the chances of an entry."""
    returned = seats_returned_lately(event_id=event_id)
    number = seats(returned) if returned else "No seats"
    was = "was" if returned == 1 else "were"
    return f"{number} {was} cancelled in the last {RECENT.days} days."


def _offers_of(entry: WaitlistEntry) -> Any:
    offers = Promotion.objects.filter(event_id=entry.event_id, waitlist_id=entry.pk)
    return offers.order_by("promoted_at", "id")


def _is_open(entry: WaitlistEntry) -> bool:
    return entry.is_waiting or entry.has_offer


def _receipt(entry: WaitlistEntry, steps: list[Step], *, passes: int, at: datetime) -> Receipt:
    event = entry.event
    entry.passes = passes
    return Receipt(
        steps=steps[-MOST_STEPS:][::-1],
        earlier=max(len(steps) - MOST_STEPS, 0),
        passes=passes,
        reserves=entry.is_waiting
        and at < event.line_closes_at - RESERVES_UNTIL
        and reserves(entry, capacity=event.total_capacity, max_passes=event.max_passes),
    )


def _steps_of(story: Story, entry: WaitlistEntry) -> list[Step]:
    zone = entry.event.zone
    steps = [step_of(one, story, zone=zone) for one in shorten(story.happenings, zone=zone)]
    first = story.happenings[0].record if story.happenings else None
    if first is not None and first.kind == RecordKind.JOINED and first.position is None:
        # It is older than the record, which begins with the place that it had then.
        began = {
            "icon": "receipt",
            "title": "The public record of this waitlist began",
            "text": f"You were at position {story.happenings[0].position}.",
            "at": first.at,
        }
        return [{**steps[0], "text": "", "at": first.rank}, began, *steps[1:]]
    return steps


def _present(entry: WaitlistEntry, story: Story) -> list[Step]:
    """Return the last steps, which say how the entry stands now."""
    steps: list[Step] = []
    capacity = entry.event.total_capacity
    if entry.is_outgrown(capacity=capacity):
        since = story.seats.at if story.seats else entry.event.updated_at
        text = (
            f"You need at least {entry.min_quantity}, so no offer can be made to you. "
            "Lower the number you need, and you keep your position."
        )
        title = f"This event now has only {seats(capacity)}"
        steps.append({"icon": "info", "tone": "bad", "title": title, "text": text, "at": since})
    # Until the draw, the order of joining says nothing.
    if entry.is_waiting and story.position is not None and not entry.event.has_pending_draw:
        ahead = story.position - 1
        text = "No one is ahead of you."
        if ahead:
            are = "is" if ahead == 1 else "are"
            text = f"{counted(ahead, 'person', 'people')} {are} ahead of you."
        steps.append(
            {
                "icon": "users",
                "tone": "info",
                "title": f"You are now at position {story.position} on the waitlist",
                "text": text,
                "at": story.position_at,
            }
        )
    return steps
