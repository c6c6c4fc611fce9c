"""Find out when a provider answers again that has failed, so that no ticket or offer has to.

A thread for each provider. While it is not used, it is tried by a connection of its own and then,
where any is due, by one bulk email, for which nobody waits: a server may greet and stall as soon as
it gets an email. Without bulk mail, a connection is proof enough after a while (`breaker`).
"""

import threading
import time

import structlog
from django.db import InterfaceError, OperationalError, connection

from evently.audit.context import acting
from evently.privacy.sealing import WrappingKeyMissing
from notifications.kinds import Urgency
from notifications.models import Notification
from notifications.operations.delivering import Delivery, ServerDown
from notifications.operations.taking import give_back, take
from notifications.providers.chain import Chain, Link, Permit
from notifications.providers.errors import NotSent
from notifications.providers.probing import Claim, connect
from notifications.providers.sending import EmailConnection

LOOK_SECONDS = 0.5
# While another mailer asks, or the database is away.
WAIT_SECONDS = 1.0
# So long it waits for a bulk email, then it connects once more.
OFFER_SECONDS = 20.0

log = structlog.get_logger(__name__)


class Watcher(threading.Thread):
    """Tries one provider as long as it is not used."""

    def __init__(self, chain: Chain, link: Link, stopping: threading.Event) -> None:
        super().__init__(name=f"watcher-{link.name}", daemon=True)
        self._chain, self._link, self._stopping = chain, link, stopping
        self._claim = Claim(link.name)
        self._offers = threading.Condition()
        self._is_wanting = False
        self._offered: Notification | None = None

    def offer(self, notification: Notification) -> bool:
        """Take over a bulk email that a lane has taken; False where none is wanted."""
        with self._offers:
            if not self._is_wanting:
                return False
            self._is_wanting, self._offered = False, notification
            self._offers.notify()
            return True

    def run(self) -> None:
        """Look until stopped."""
        with acting(via="task"):
            while not self._stopping.wait(LOOK_SECONDS):
                if self._link.breaker.enter() == 1:
                    self._try()
            self._turn_down()
            connection.close()

    def _try(self) -> None:
        breaker, wants_email = self._link.breaker, False
        try:
            if self._claim.take():
                wants_email = self._find_out()
            elif self._claim.answered_within(breaker.seconds_since_failure):
                breaker.answered(by_email=False)
            else:
                breaker.wait(WAIT_SECONDS)
            if not wants_email:
                self._turn_down()
        except (OperationalError, InterfaceError, WrappingKeyMissing) as error:
            log.info("provider_not_tried", provider=self._link.name, error=type(error).__name__)
            breaker.wait(WAIT_SECONDS)
        except Exception:
            log.exception("provider_not_tried", provider=self._link.name)
            breaker.wait(WAIT_SECONDS)
        finally:
            connection.close()

    def _find_out(self) -> bool:
        """Try the provider, and let all mailers know what came of it.

        Returns whether it takes connections and there was no bulk email, which is still wanted.
        """
        breaker = self._link.breaker
        try:
            connect(self._link.provider)
            self._link.seen.connected()
            if not self._send_bulk_email() and breaker.is_proven_by_connection:
                breaker.answered(by_email=False)
        except NotSent as failure:
            self._link.failed(failure)
        finally:
            if breaker.is_up:
                self._claim.tell_answered()
            else:
                self._claim.keep(max(breaker.pause_seconds, WAIT_SECONDS))
        if breaker.is_up or breaker.pause_seconds:
            return False
        breaker.not_tried()
        if not self._chain.is_up:
            # Emails of lanes may try it, too.
            self._stopping.wait(OFFER_SECONDS)
        return True

    def _send_bulk_email(self) -> bool:
        """Send one bulk email by this provider, or by the next; False where there is none to send.

        The provider counts as up, or as failed, by what became of it.
        """
        if self._link.limiter.take(Urgency.BULK) > 0:
            return False
        permit = Permit(self._link, Urgency.BULK, is_trial=True)
        with EmailConnection(self._chain, permit=permit) as email_connection:
            notifications = take(most=1, only=Urgency.BULK) or self._offered_one()
            delivery = Delivery(notifications, email_connection, is_stopping=self._stopping.is_set)
            try:
                delivery.run()
            except ServerDown:
                # The chain knows.
                pass
            finally:
                if delivery.waiting:
                    give_back(list(delivery.waiting))
        return bool(notifications)

    def _offered_one(self) -> list[Notification]:
        """Return the next bulk email that a lane takes; none where none comes for a while.

        Otherwise lanes would be faster where there are few. It is wanted until `_turn_down`.
        """
        is_waited_for = self._chain.is_up and not self._link.breaker.is_proven_by_connection
        until = time.monotonic() + (OFFER_SECONDS if is_waited_for else 0.0)
        with self._offers:
            self._is_wanting = is_waited_for and self._offered is None
            while self._offered is None and not self._stopping.is_set():
                if (seconds := until - time.monotonic()) <= 0:
                    return []
                self._offers.wait(min(seconds, LOOK_SECONDS))
            offered, self._offered = self._offered, None
        return [offered] if offered is not None else []

    def _turn_down(self) -> None:
        """Want no email any more, and let others have the one that was offered."""
        with self._offers:
            offered, self._offered, self._is_wanting = self._offered, None, False
        if offered is not None:
            give_back([offered])
