"""Stop a message to attendees: no one else is notified, and what is not sent yet is taken back.

What a mailer has in its hands at that moment cannot be taken back for sure: it looks at the message
once more before it writes the email (`kinds.writing`), and takes most of these back itself.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from evently.database.clock import now
from evently.database.identity import as_worker
from evently.idempotency.keys import Idempotency
from evently.transactions import run_in_transaction
from notifications.message_models import MessageState, OrganizerMessage
from notifications.writing.drafting import lock_message, message_of
from notifications.writing.errors import NotBegun

# Unread and unsent ones are hidden; of those that were read, only the email is taken back. Left out
# are those that a mailer has taken, and whose attempt may have reached the mail server.
WITHDRAW = """
    WITH waiting AS MATERIALIZED (
        SELECT n.id, n.user_id, n.created_at FROM notifications n
        WHERE n.type = 'organizer_message' AND n.data ->> 'message' = %(message)s
            AND n.created_at >= %(started)s AND n.status = 'pending' AND NOT n.data ? 'again'
            AND NOT EXISTS (
                SELECT FROM email_delivery_log log
                WHERE log.notification_id = n.id AND log.attempt IS NOT NULL)
            AND (n.next_attempt_at <= evently_clock() OR EXISTS (
                SELECT FROM email_delivery_log log WHERE log.notification_id = n.id))
        ORDER BY n.id
        FOR UPDATE OF n SKIP LOCKED
    ), unlogged AS (
        DELETE FROM email_delivery_log log USING waiting
        WHERE log.notification_id = waiting.id AND log.user_id = waiting.user_id
            AND log.event_id = %(event)s
        RETURNING log.id, log.user_id
    ), forgotten AS (
        DELETE FROM email_attempts attempt USING unlogged
        WHERE attempt.delivery_id = unlogged.id AND attempt.user_id = unlogged.user_id
    ), withdrawn AS (
        UPDATE notifications n SET status = 'delivered', delivered_at = evently_clock(),
            channels = CASE WHEN n.read THEN '["in_app"]'::jsonb ELSE '[]'::jsonb END, read = true
        FROM waiting
        WHERE n.id = waiting.id AND n.user_id = waiting.user_id
            AND n.created_at = waiting.created_at
        RETURNING n.id
    )
    SELECT count(*) FROM withdrawn
"""
LEFT = """
    SELECT count(*) FILTER (WHERE status = 'sent'), count(*) FILTER (WHERE status = 'pending')
    FROM notifications
    WHERE type = 'organizer_message' AND data ->> 'message' = %(message)s
        AND created_at >= %(started)s AND NOT data ? 'again'
"""


@dataclass(frozen=True)
class Stopped:
    """A message that was stopped, and how many of its emails could not be taken back.

    emailed: they had been handed over. withdrawn: they were taken back. under_way: not for sure.
    """

    message: OrganizerMessage
    emailed: int
    withdrawn: int
    under_way: int


def stop(*, event_id: UUID, message_id: UUID, idempotency: Idempotency | None = None) -> Stopped:
    """Stop a message that is being sent, or whose emails still wait.

    Raises MessageNotFound, NotBegun.
    """

    def work() -> Stopped:
        message = lock_message(event_id, message_id)
        if message.state not in (MessageState.SENDING, MessageState.SENT):
            raise NotBegun
        withdrawn, emailed, under_way = _withdraw(message)
        if message.state == MessageState.SENT and not withdrawn + under_way:
            raise NotBegun
        message.state, message.ended_at = MessageState.STOPPED, now()
        message.withdrawn += withdrawn
        message.save(update_fields=["state", "ended_at", "withdrawn"])
        stopped = message_of(event_id, message_id)
        return Stopped(stopped, emailed=emailed, withdrawn=withdrawn, under_way=under_way)

    return run_in_transaction(work, idempotency=idempotency)


@as_worker()
def _withdraw(message: OrganizerMessage) -> tuple[int, int, int]:
    """Take back what is not sent; return how many emails, how many are sent and under way.

    As the worker: they are the recipients' rows. The message was looked up as its organizer's.
    """
    values: dict[str, Any] = {
        "message": str(message.pk),
        "event": message.event_id,
        "started": message.started_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(WITHDRAW, values)
        withdrawn: int = cursor.fetchone()[0]
        cursor.execute(LEFT, values)
        emailed, under_way = cursor.fetchone()
        return withdrawn, emailed, under_way
