"""Organizers can change the order of a waitlist; the reason is stored and shown to the attendee."""

from uuid import UUID

from evently.errors import Invalid
from evently.transactions import run_in_transaction
from events.locks import lock_event
from waitlists.locks import lock_entry
from waitlists.models import WaitlistEntry
from waitlists.operations.joining import NotWaiting

HIGHEST_SCORE = 1_000_000


class ReasonRequired(Invalid):
    """A change of priority needs a reason, which the attendee can read."""

    code = "reason_required"
    message = "Enter a reason. The attendee can see it."


def set_priority(*, event_id: UUID, entry_id: UUID, score: int, reason: str) -> WaitlistEntry:
    """Set the priority of a waiting entry; positions follow at once.

    score: higher comes first; 0 is the default. The audit log records who changed it.
    Raises EntryNotFound, NotWaiting, ReasonRequired, Invalid, EventBusy.
    """
    reason = reason.strip()
    if not reason:
        raise ReasonRequired(fields={"reason": ReasonRequired.message})
    if abs(score) > HIGHEST_SCORE:
        sentence = f"Enter a number between -{HIGHEST_SCORE} and {HIGHEST_SCORE}."
        raise Invalid(sentence, fields={"score": sentence})

    def work() -> WaitlistEntry:
        locked_event = lock_event(event_id)
        entry = lock_entry(locked_event=locked_event, entry_id=entry_id)
        if not entry.is_waiting:
            raise NotWaiting("This person is no longer waiting, so their priority cannot change.")
        entry.priority_score, entry.priority_reason = score, reason
        entry.save(update_fields=["priority_score", "priority_reason"])
        entry.refresh_from_db()
        return entry

    return run_in_transaction(work)
