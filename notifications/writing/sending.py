"""Send messages to attendees in batches: a row for each, which the mailers deliver.

Each batch is a transaction of its own that also notes how far it came, so that a process that is
killed loses nothing, and the next goes on behind it. Each person gets a message once: its key is
theirs (`message_keys`).
"""

from functools import partial
from uuid import UUID

from evently.database.clock import now
from evently.transactions import run_in_transaction
from events.models import Event
from notifications.kinds.writing import organizer_messages
from notifications.message_models import MessageState, OrganizerMessage
from notifications.operations.creating import notify
from notifications.writing.audiences import recipients
from notifications.writing.drafting import lock_message
from notifications.writing.states import begin_due

# So many are notified in one transaction, and until then at most, after a message was stopped.
BATCH = 500


def events_to_write_to() -> list[UUID]:
    """Return the ids of events with messages that are due, or being sent."""
    rows = OrganizerMessage.objects.filter(state__in=[MessageState.SCHEDULED, MessageState.SENDING])
    due = rows.exclude(state=MessageState.SCHEDULED, send_at__gt=now())
    return list(due.order_by("event_id").values_list("event_id", flat=True).distinct())


def send_messages(*, event_id: UUID) -> None:
    """Begin the messages of an event that are due, and go on with those that have begun."""
    begin_due(event_id=event_id)
    sending = OrganizerMessage.objects.filter(event_id=event_id, state=MessageState.SENDING)
    for message_id in sending.order_by("started_at", "id").values_list("pk", flat=True):
        while run_in_transaction(partial(_send_batch, event_id, message_id)):
            pass


def _send_batch(event_id: UUID, message_id: UUID) -> bool:
    """Notify the next recipients; return whether there may be more."""
    message = lock_message(event_id, message_id)
    if message.state != MessageState.SENDING:
        return False
    people = recipients(message, after=message.told_until, most=BATCH)
    if people:
        event = Event.objects.get(pk=event_id)
        message.told += len(notify(messages=organizer_messages(message, event, people)))
        message.told_until = people[-1]
    if len(people) < BATCH:
        message.state, message.ended_at = MessageState.SENT, now()
    message.save(update_fields=["told", "told_until", "state", "ended_at"])
    return len(people) == BATCH
