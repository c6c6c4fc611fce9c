"""Schedule messages to attendees, and begin to send them.

A message that is scheduled becomes a draft again when the event is cancelled, or its time or place
changes (`states.hold_scheduled`), as what it says may be wrong by then; and when its author may no
longer write to these attendees.
"""

from datetime import datetime, timedelta
from uuid import UUID

from evently.database.clock import now
from evently.enqueue import enqueue_on_commit
from evently.idempotency.keys import Idempotency
from evently.transactions import refusing, run_in_transaction
from events.models import Event
from notifications import tasks
from notifications.message_models import Hold, MessageState, OrganizerMessage
from notifications.writing.audiences import count_recipients
from notifications.writing.drafting import lock_draft, message_of
from notifications.writing.errors import MessageInvalid, NobodyToWriteTo, TooManyMessages
from notifications.writing.states import begin, has_author, unscheduled

FURTHEST = timedelta(days=365)


def send_now(
    *,
    event_id: UUID,
    message_id: UUID,
    version: int | None = None,
    idempotency: Idempotency | None = None,
) -> OrganizerMessage:
    """Begin to send a draft or a scheduled message to those who are its recipients now.

    Raises MessageNotFound, MessageBegun, EditedMeanwhile, NobodyToWriteTo, TooManyMessages.
    """

    def work() -> OrganizerMessage:
        message = lock_draft(event_id, message_id, version=version)
        if not count_recipients(message):
            raise NobodyToWriteTo
        return _begun(message)

    return run_in_transaction(work, idempotency=idempotency)


def schedule(
    *,
    event_id: UUID,
    message_id: UUID,
    send_at: datetime,
    version: int | None = None,
    idempotency: Idempotency | None = None,
) -> OrganizerMessage:
    """Let a draft be sent at a time; of a message that is scheduled, change the time.

    Raises MessageNotFound, MessageBegun, MessageInvalid, EditedMeanwhile, TooManyMessages.
    """
    check_time(send_at, at=now())

    def work() -> OrganizerMessage:
        message = lock_draft(event_id, message_id, version=version)
        if Event.objects.get(pk=event_id).is_cancelled:
            text = "The event is cancelled. You can send the message now, but not later."
            raise MessageInvalid(fields={"send_at": text})
        if not has_author(message):
            # At that time, no one would answer for it.
            text = (
                "Its author no longer manages this event. Send it now, or write a message of your "
                "own with its text."
            )
            raise MessageInvalid(fields={"send_at": text})
        if message.state == MessageState.SCHEDULED:
            unscheduled(message)
        message.state, message.send_at, message.hold = MessageState.SCHEDULED, send_at, Hold.NONE
        with refusing(trg_organizer_message_limit=TooManyMessages):
            message.save(update_fields=["state", "send_at", "hold"])
        return message_of(event_id, message_id)

    return run_in_transaction(work, idempotency=idempotency)


def unschedule(
    *,
    event_id: UUID,
    message_id: UUID,
    version: int | None = None,
    idempotency: Idempotency | None = None,
) -> OrganizerMessage:
    """Make a scheduled message a draft again; a draft stays one.

    Raises MessageNotFound, MessageBegun, EditedMeanwhile.
    """

    def work() -> OrganizerMessage:
        message = lock_draft(event_id, message_id, version=version)
        if message.state == MessageState.SCHEDULED:
            unscheduled(message)
        return message_of(event_id, message_id)

    return run_in_transaction(work, idempotency=idempotency)


def check_time(send_at: datetime, *, at: datetime) -> None:
    """Refuse a time that has passed, or is too far ahead. Raises MessageInvalid."""
    if send_at <= at:
        raise MessageInvalid(
            fields={"send_at": "Enter a time in the future, or send the message now."}
        )
    if send_at > at + FURTHEST:
        raise MessageInvalid(fields={"send_at": "Enter a time within a year."})


def _begun(message: OrganizerMessage) -> OrganizerMessage:
    """Begin to send a locked message; a task goes on with it."""
    begun = begin(message)
    enqueue_on_commit(tasks.send_messages_of, str(message.event_id))
    return begun
