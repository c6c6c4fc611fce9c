"""Deliver in a task, where no mailer does."""

import time

from notifications.operations.delivering import Delivery, ServerDown
from notifications.operations.taking import MOST_AT_ONCE, give_back, take
from notifications.providers.sending import EmailConnection

# Well below the time limit of a task, so that no task is stopped while it sends.
MOST_SECONDS = 60.0


def deliver_due(*, seconds: float = MOST_SECONDS) -> int:
    """Deliver what is due, batch by batch; return how many notifications were taken.

    seconds: the time after which no other is begun.
    """
    deadline, number = time.monotonic() + seconds, 0
    with EmailConnection() as email_connection:
        while (left := deadline - time.monotonic()) > 0 and (notifications := take()):
            number += len(notifications)
            delivery = Delivery(notifications, email_connection, seconds=left)
            try:
                delivery.run()
            except ServerDown:
                break
            finally:
                give_back(list(delivery.waiting))
            # The rest has to wait, for the limit of a provider, or the next call.
            if delivery.waiting or len(notifications) < MOST_AT_ONCE:
                break
    return number
