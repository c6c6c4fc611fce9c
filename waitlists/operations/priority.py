"""Organizers may move somebody up or down the line, with a reason that is kept."""

from uuid import UUID

from evently.errors import Invalid
from evently.transactions import run_in_transaction
from events.locks import lock_event
from waitlists.locks import lock_entry
from waitlists.models import EntryStatus, WaitlistEntry
from waitlists.operations.joining import NotWaiting

HIGHEST = 1_000_000


class ReasonRequired(Invalid):
    """An override needs a reason; the person can read it."""

    code = "reason_required"
    message = "Say why. The reason is shown to the person, and kept."


def set_priority(*, event_id: UUID, entry_id: UUID, score: int, reason: str) -> WaitlistEntry:
    """Set the priority of a waiting entry; positions follow at once.

    score: higher stands further ahead, 0 is the rule. The trail keeps who did it.
    Raises EntryNotFound, NotWaiting, ReasonRequired, Invalid.
    """
    reason = reason.strip()
    if not reason:
        raise ReasonRequired(fields={"reason": ReasonRequired.message})
    if abs(score) > HIGHEST:
        sentence = f"Give a number between -{HIGHEST} and {HIGHEST}."
        raise Invalid(sentence, fields={"score": sentence})

    def work() -> WaitlistEntry:
        event = lock_event(event_id)
        place = lock_entry(locked_event=event, entry_id=entry_id)
        if place.status != EntryStatus.WAITING:
            raise NotWaiting
        place.priority_score, place.priority_reason = score, reason
        place.save(update_fields=["priority_score", "priority_reason"])
        place.refresh_from_db()
        return place

    return run_in_transaction(work)
