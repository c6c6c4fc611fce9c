"""How far a message to attendees is: whom it has reached, and how."""

from dataclasses import dataclass

from django.db import connection

from evently.database.identity import as_worker
from notifications.message_models import MessageState, OrganizerMessage

COUNT = """
    SELECT
        count(*) FILTER (WHERE status = 'sent'),
        count(*) FILTER (WHERE status = 'pending'),
        count(*) FILTER (WHERE status = 'failed'),
        count(*) FILTER (WHERE status = 'delivered' AND channels @> '["in_app"]'),
        count(*) FILTER (WHERE status = 'delivered' AND NOT channels @> '["in_app"]'),
        count(*) FILTER (WHERE status = 'delivered' AND NOT channels @> '["in_app"]'
            AND delivered_at > %(stopped)s)
    FROM notifications
    WHERE type = 'organizer_message' AND data ->> 'message' = %(message)s
        AND created_at >= %(started)s
        AND NOT data ? 'again'
"""


@dataclass(frozen=True)
class Progress:
    """Whom a message has reached, in people.

    recipients: how many there were when sending began. told: notified so far. emailed: their email
    was handed over. waiting: their email still waits. failed: it could not be sent. in_app: in the
    app only. turned_off: they turned such messages off. withdrawn: taken back when it was stopped,
    or by the mailer that had it at that moment.
    """

    recipients: int = 0
    told: int = 0
    emailed: int = 0
    waiting: int = 0
    failed: int = 0
    in_app: int = 0
    turned_off: int = 0
    withdrawn: int = 0

    @property
    def percent(self) -> int:
        """How much is done, of all recipients; a stopped message is as far as it came."""
        most = max(self.recipients, self.told)
        return 100 * max(self.told - self.waiting, 0) // most if most else 100


def progress_of(message: OrganizerMessage) -> Progress:
    """Return how far a message is; numbers of notifications that are gone by now stay out."""
    if message.started_at is None:
        return Progress()
    emailed, waiting, failed, in_app, unseen, dropped = _counts(message)
    withdrawn = message.withdrawn + dropped
    return Progress(
        recipients=message.recipients,
        told=message.told,
        emailed=emailed,
        waiting=waiting,
        failed=failed,
        in_app=in_app,
        turned_off=max(unseen - withdrawn, 0),
        withdrawn=withdrawn,
    )


def is_moving(message: OrganizerMessage, progress: Progress) -> bool:
    """Return whether the numbers still change, so that it can be stopped."""
    return message.state == MessageState.SENDING or bool(progress.waiting)


@as_worker()
def _counts(message: OrganizerMessage) -> tuple[int, ...]:
    """Count the recipients' rows, which are theirs to see; only numbers are told."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "message": str(message.pk),
                "started": message.started_at,
                "stopped": message.ended_at if message.state == MessageState.STOPPED else None,
            },
        )
        return tuple(cursor.fetchone())
