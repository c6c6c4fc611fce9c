"""A message to attendees as a test, emailed to the person who asks for it."""

from datetime import timedelta
from uuid import UUID

from evently.database.ids import uuid7
from evently.idempotency.keys import Idempotency
from evently.throttle import Limit, count
from evently.transactions import run_in_transaction
from events.models import Event
from notifications.kinds.writing import ORGANIZER_MESSAGE
from notifications.message_models import OrganizerMessage
from notifications.models import Channel
from notifications.operations.creating import notify
from notifications.writing.errors import MessageBegun

TESTS = Limit("message_tests", 10, timedelta(hours=1))


def send_test(
    *,
    message: OrganizerMessage,
    event: Event,
    user_id: UUID,
    idempotency: Idempotency | None = None,
) -> None:
    """Email a message to one user, as it is when the email is written.

    It counts for no one else: the user gets it once more when it is sent, if they are among the
    recipients. Raises MessageBegun; TooManyAttempts, after ten in an hour.
    """
    test = ORGANIZER_MESSAGE.message(
        user_id=user_id,
        key=f"organizer_message_test:{uuid7()}",
        text=f"A test of the message “{message.subject}”.",
        event_id=event.pk,
        # Asked for, so that it is sent whatever the user has turned off.
        data={"message": message.pk, "test": True, "again": True},
        channels=(Channel.EMAIL,),
    )

    def work() -> None:
        if message.is_begun:
            raise MessageBegun
        # Here, so that a request that is repeated with its key is not counted.
        count((TESTS, str(user_id)))
        notify(messages=[test])

    run_in_transaction(work, idempotency=idempotency)
