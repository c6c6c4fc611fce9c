"""The states of messages to attendees: from a draft to sending, and back."""

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from evently.accounts.models import User
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.transactions import refusing, run_in_transaction
from events.models import Event
from notifications.message_models import Hold, MessageState, OrganizerMessage
from notifications.writing.audiences import count_recipients
from notifications.writing.drafting import lock_message, message_of
from notifications.writing.errors import TooManyMessages

# Changes of an event that may make a message wrong that was written before.
HOLDING_CHANGES = frozenset({"event_date", "ends_at", "timezone", "venue"})


def begin(message: OrganizerMessage) -> OrganizerMessage:
    """Begin to send a locked message; `sending` goes on with it. Raises TooManyMessages."""
    message.recipients = count_recipients(message)
    message.state, message.hold = MessageState.SENDING, Hold.NONE
    # The trigger sets the database's own time.
    message.started_at = now()
    with refusing(trg_organizer_message_limit=TooManyMessages):
        message.save(update_fields=["state", "hold", "recipients", "started_at"])
    return message_of(message.event_id, message.pk)


def unscheduled(message: OrganizerMessage, *, hold: Hold = Hold.NONE) -> None:
    """Make a locked message that is scheduled a draft again."""
    message.state, message.send_at, message.hold = MessageState.DRAFT, None, hold
    message.save(update_fields=["state", "send_at", "hold"])


def begin_due(*, event_id: UUID) -> None:
    """Begin to send the messages of an event whose time has come.

    One whose event was cancelled becomes a draft again, should the receiver have missed that; so
    does one whose author may no longer write to these attendees.
    """
    due = OrganizerMessage.objects.filter(
        event_id=event_id, state=MessageState.SCHEDULED, send_at__lte=now()
    )
    for message_id in due.order_by("send_at", "id").values_list("pk", flat=True):
        run_in_transaction(partial(_begin_if_due, event_id, message_id))


def hold_scheduled(*, event_id: UUID, hold: Hold) -> None:
    """Make drafts of the scheduled messages of an event, in the transaction that changes it."""
    rows = OrganizerMessage.objects.select_for_update(of=("self",), no_key=True)
    for message in rows.filter(event_id=event_id, state=MessageState.SCHEDULED).order_by("pk"):
        unscheduled(message, hold=hold)


def holds(changes: Iterable[str]) -> bool:
    """Return whether changes of these fields of an event hold its scheduled messages."""
    return not HOLDING_CHANGES.isdisjoint(changes)


@as_worker()
def has_author(message: OrganizerMessage) -> bool:
    """Return whether the person who wrote a message still manages its event.

    As the worker: another organizer may ask, who sees nothing of their account.
    """
    author = User.objects.active().filter(pk=message.by_id).first()
    managed = Event.objects.managed_by(author) if author is not None else Event.objects.none()
    return managed.filter(pk=message.event_id).exists()


def _begin_if_due(event_id: UUID, message_id: UUID) -> None:
    message = lock_message(event_id, message_id)
    if message.state != MessageState.SCHEDULED or not message.send_at or message.send_at > now():
        return
    if Event.objects.get(pk=event_id).is_cancelled:
        unscheduled(message, hold=Hold.CANCELLED)
    elif not has_author(message):
        unscheduled(message, hold=Hold.AUTHOR)
    else:
        begin(message)
