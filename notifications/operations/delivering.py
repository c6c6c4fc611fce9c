"""Deliver notifications: choose the channels, render the email, send it once.

However often and wherever this runs for a notification, its email is sent once (`attempts`). One
case remains, which cannot be ruled out with a mail server: the process or its database dies, or the
server's answer is lost, after the server accepted the email and before that is committed. Then the
email is sent again under the same Message-ID, by which email clients recognize duplicates, and the
delivery log has `maybeRepeated`.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)

from evently import metrics
from evently.accounts.operations import email_allowance
from evently.privacy.sealing import WrappingKeyMissing
from evently.transactions import violated_constraint
from notifications import offers
from notifications.copies.content import sealed_copy
from notifications.emails.message import message_id_of
from notifications.emails.mime import Email
from notifications.failures import ACCOUNT_DELETED, GIVEN_UP, suppressed
from notifications.kinds import KINDS
from notifications.kinds.rows import read_together
from notifications.models import Channel, Notification
from notifications.operations import attempts, preparing
from notifications.operations.attempts import Attempt
from notifications.operations.holding import merge_held
from notifications.operations.taking import Pair, pending_among, urgency_of
from notifications.providers.errors import NotSent
from notifications.providers.sending import EmailConnection
from notifications.returns.refusals import record_refusal

# Less than others leave taken notifications to their taker (`taking.TAKEN_SECONDS`).
BATCH_SECONDS = 30.0
# Limits of many emails a second are waited for within a batch: so long for one email, and until it
# has lasted so long, since a more urgent email may have come.
TOKEN_SECONDS, PATIENCE_SECONDS = 0.1, 0.5
# What emails are written from is read for a batch, and again for the rest of one that takes longer.
FRESH_SECONDS = 2.0
# Violated where an account is deleted while an email to it begins.
OF_ACCOUNT = "fk_email_delivery_log_user"
# Not the fault of one email: the database is down, the task has run too long, or this process is
# not restarted yet in a rotation of keys.
OTHER_FAULTS = (OperationalError, InterfaceError, SoftTimeLimitExceeded, WrappingKeyMissing)

log = structlog.get_logger(__name__)


class ServerDown(Exception):
    """No provider answers, so the rest of the batch is not tried."""


def deliver_all(pairs: Sequence[Pair], *, seconds: float = BATCH_SECONDS) -> None:
    """Deliver notifications now, given as (notification id, user id), over one connection.

    seconds: the time after which no other is begun. Where the mail server is down, or so slow that
    the time is over, the others are left to the process that delivers.
    """
    with EmailConnection() as email_connection:
        delivery = Delivery(pending_among(pairs), email_connection, seconds=seconds)
        try:
            delivery.run()
        except ServerDown:
            return


def _never() -> bool:
    return False


class Begin(Protocol):
    """Begins the attempt of an email, as `attempts.begin`."""

    def __call__(self, *, provider: str, after: Attempt | None = None) -> Attempt | None: ...


@dataclass(frozen=True)
class Upcoming:
    """An email that is next."""

    notification: Notification
    begin: Begin


class Delivery:
    """Delivers notifications one after the other, over one connection to each provider.

    seconds: the time after which no other is begun. is_stopping: asked before each.
    """

    def __init__(
        self,
        notifications: Sequence[Notification],
        email_connection: EmailConnection,
        *,
        seconds: float = BATCH_SECONDS,
        is_stopping: Callable[[], bool] = _never,
    ) -> None:
        # Those that are not begun yet; what begins the first of them, once it is known.
        self.waiting = deque(notifications)
        self._upcoming: Upcoming | None = None
        self._email_connection = email_connection
        self._is_stopping = is_stopping
        self._deadline = time.monotonic() + seconds
        self._patient_until = time.monotonic() + PATIENCE_SECONDS
        self._read(*notifications)

    def run(self) -> None:
        """Deliver; what is left in `waiting` then was not begun.

        Raises ServerDown, after recording that the attempt failed; and OTHER_FAULTS.
        """
        following = self._begin_next()
        while (attempt := following) is not None:
            try:
                following = self._carry_out(attempt)
            except (*OTHER_FAULTS, ServerDown):
                raise
            except Exception as error:
                # A defect in one email must not hold up the others.
                log.exception("delivery_failed", notification_id=str(attempt.notification.pk))
                attempts.fail(attempt, error=type(error).__name__)
                following = self._begin_next()
            finally:
                attempts.release(attempt)
        self._email_connection.give_back()

    # ── Beginning ───────────────────────────────────────────────────────────
    def _read(self, *notifications: Notification) -> None:
        """Let these emails be written from what the database has now."""
        self._rows = read_together(notifications)
        self._read_at = time.monotonic()
        self._read_since = 0

    def _refresh(self, notification: Notification) -> None:
        """Read for this email and those that follow, if that was a while ago, or not yet."""
        is_fresh = time.monotonic() - self._read_at < FRESH_SECONDS
        if notification.rows is not self._rows or not is_fresh:
            # No more than will be sent while it is fresh.
            self._read(notification, *islice(self.waiting, 2 * self._read_since))
        self._read_since += 1

    def _goes_on(self) -> bool:
        return not self._is_stopping() and time.monotonic() < self._deadline

    def _begin_next(self) -> Attempt | None:
        """Begin the next attempt; None where nothing is left, or no provider may get it."""
        while (upcoming := self._next()) is not None:
            if not (provider := self._provider_for(upcoming, patient=True)):
                return None
            try:
                with _statement():
                    attempt = self._begin(upcoming, provider)
            except IntegrityError as error:
                if violated_constraint(error) != OF_ACCOUNT:
                    raise
                # The account was deleted since it was read, and the notification with it.
                continue
            if attempt is not None:
                return attempt
        return None

    def _provider_for(self, upcoming: Upcoming, *, patient: bool = False) -> str:
        """Return the provider that an email goes to; "" where none may get it now.

        patient: wait for the limit of one, as no attempt is under way.
        """
        urgency = urgency_of(upcoming.notification)
        while not (provider := self._email_connection.ask(urgency)):
            wait = self._email_connection.chain.wait_seconds(urgency)
            is_over = time.monotonic() > self._patient_until or not self._goes_on()
            if not patient or wait > TOKEN_SECONDS or is_over:
                break
            time.sleep(wait)
        return provider

    def _begin(
        self, upcoming: Upcoming, provider: str, *, after: Attempt | None = None
    ) -> Attempt | None:
        self.waiting.popleft()
        self._upcoming = None
        return upcoming.begin(provider=provider, after=after)

    def _next(self) -> Upcoming | None:
        """Return the next email to begin; deliver what is not to be emailed on the way.

        It is one of `waiting` until it is begun.
        """
        while self.waiting and self._goes_on():
            if self._upcoming is None or self._upcoming.notification is not self.waiting[0]:
                self._upcoming = self._upcoming_of(self.waiting[0])
            if self._upcoming is not None:
                return self._upcoming
            self.waiting.popleft()
        return None

    def _upcoming_of(self, notification: Notification) -> Upcoming | None:
        try:
            self._refresh(notification)
            begin = self._choose(notification)
        except OTHER_FAULTS:
            raise
        except Exception:
            log.exception("delivery_failed", notification_id=str(notification.pk))
            return None
        return Upcoming(notification, begin) if begin is not None else None

    def _choose(self, notification: Notification) -> Begin | None:
        """Return what begins the email of a notification; None if it gets none now."""
        user, kind = self._rows.user(notification.user_id), KINDS.get(notification.type)
        if user is None:
            return None
        if kind is None:
            # Written by a newer release during its deployment; its own process will deliver it.
            log.warning(
                "unknown_kind", notification_id=str(notification.pk), kind=notification.type
            )
            return None
        if Channel.EMAIL not in preparing.channels_for(notification, kind, user):
            attempts.deliver_in_app(notification)
            return None
        if settings.HOLD_EMAILS:
            # It stays pending, and goes out once emails are no longer held.
            return None
        return partial(
            attempts.begin,
            notification,
            user,
            address=preparing.address_of(notification, kind, user),
            template_type=kind.template,
            message_id=message_id_of(notification.pk),
        )

    # ── Sending ─────────────────────────────────────────────────────────────
    def _carry_out(self, attempt: Attempt) -> Attempt | None:
        """Render and send the email, record the outcome, and begin the next."""
        email = self._prepare(attempt)
        following = None
        if email is not None:
            # Before it is sent, so that an email that is sent is recorded at once.
            attempt.copy = sealed_copy(email, key=attempt.user.key, id_=attempt.id)
            upcoming = self._next()
            if attempts.is_under_way(attempt) and self._send(attempt, email):
                following = self._finish(attempt, upcoming)
                offers.follow_handed_over(attempt.notification)
        return following or self._begin_next()

    def _send(self, attempt: Attempt, email: Email) -> bool:
        """Send the email; return whether it was sent, and record if it was not.

        Raises ServerDown.
        """

        def pass_on(provider: str) -> bool:
            return not self._is_stopping() and attempts.pass_on(attempt, provider=provider)

        try:
            sent = self._email_connection.send(
                email, urgency=urgency_of(attempt.notification), pass_on=pass_on
            )
        except NotSent as failure:
            attempts.note_tries(attempt, failure.tries, address=email.to[0])
            if not _record_failure(attempt, failure):
                offers.follow_now(attempt.notification)
            if failure.for_good:
                record_refusal(failure.__cause__, attempt, address=email.to[0])
            if failure.server_down:
                if not failure.maybe_sent:
                    email_allowance.give_back(email_id=attempt.notification.pk)
                raise ServerDown(str(failure)) from failure
            return False
        attempt.provider = sent.provider
        attempt.provider_message_id = sent.provider_message_id
        attempts.note_tries(attempt, sent.tries, address=email.to[0])
        return True

    def _finish(self, attempt: Attempt, upcoming: Upcoming | None) -> Attempt | None:
        """Record that the email was sent; return the next attempt, which begins along with it."""
        provider = self._provider_for(upcoming) if upcoming is not None and self._goes_on() else ""
        if upcoming is None or not provider:
            attempts.succeed(attempt)
            return None
        try:
            with _statement():
                return self._begin(upcoming, provider, after=attempt)
        except IntegrityError as error:
            # What the next one met must not undo this outcome.
            if violated_constraint(error) != OF_ACCOUNT:
                log.exception("delivery_failed")
            attempts.succeed(attempt)
            return None

    def _prepare(self, attempt: Attempt) -> Email | None:
        """Return the email; None where it was found that there is none to send now."""
        self._refresh(attempt.notification)
        user = self._rows.user(attempt.notification.user_id)
        if user is None or not user.email:
            attempts.fail(attempt, error=ACCOUNT_DELETED, for_good=True)
            return None
        if attempt.is_one_too_many:
            attempts.fail(attempt, error=GIVEN_UP, for_good=True)
            return None
        if reason := preparing.suppressed_for(attempt, user):
            attempts.fail(attempt, error=suppressed(reason), for_good=True)
            return None
        if attempt.was_held and (merged_id := merge_held(attempt)):
            self.waiting.extendleft(pending_among([(merged_id, user.pk)]))
            self._read(*self.waiting)
            return None
        email = preparing.email_of(attempt, user)
        if email is None or preparing.is_held_back(attempt, user, email):
            return None
        return email


def _statement() -> AbstractContextManager[None]:
    """Run a statement as a transaction of its own; in a caller's, as a savepoint."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _record_failure(attempt: Attempt, failure: NotSent) -> bool:
    """Record a failure; return whether the email is tried again."""
    again = attempts.fail(
        attempt, error=str(failure), for_good=failure.for_good, maybe_sent=failure.maybe_sent
    )
    metrics.email_failures.labels("tried_again" if again else "given_up").inc()
    log.warning(
        "mail_failed",
        notification_id=str(attempt.notification.pk),
        attempt=attempt.number,
        error=str(failure),
        tried_again=again,
    )
    return again
