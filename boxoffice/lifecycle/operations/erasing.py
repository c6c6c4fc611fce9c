"""Erasing a person: two steps, so that emails are sent before the address is gone.

The first cancels what lies ahead, removes what is stored in plain text, and makes the receipt
(`evently.erasure`), which is emailed to the person as the last of all emails. The second destroys
the key, once none is left to send, and completes the receipt.
"""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from boxoffice.lifecycle.operations.beyond import beyond_reach
from boxoffice.lifecycle.operations.forgetting import (
    forget_in_trail,
    forget_messages,
    forget_person,
)
from boxoffice.lifecycle.operations.held import give_back_all
from boxoffice.lifecycle.operations.people import refuse_organizer
from evently.accounts.locks import UserNotFound, lock_user
from evently.accounts.models import User
from evently.accounts.operations.closing import close_account
from evently.accounts.operations.deletion import start_erasure
from evently.accounts.signals import erasure_started
from evently.database.clock import now
from evently.enqueue import enqueue_on_commit
from evently.erasure.models import Erasure
from evently.erasure.operations import Account, complete_erasure, open_erasure
from evently.erasure.receipts import Beyond
from evently.erasure.tasks import write_register
from evently.transactions import run_in_transaction
from notifications.copies.removing import forget_copies
from notifications.operations.delivering import deliver_all
from notifications.operations.muting import forget_mutes
from notifications.queries import unsent_emails_of
from notifications.returns.suppressing import forget_addresses

# How long an operator's request waits for the mail server.
SENDING_SECONDS = 15.0
# Longer than all attempts to send an email take together, which is about a day.
EMAIL_WAIT = timedelta(days=2)
LAST_EMAILS = Beyond(
    "emails_given_up",
    "The last emails to this person could not be sent before the address was erased.",
)


def erase_person(*, user_id: UUID, at_once: bool = False) -> bool:
    """Erase an account without a cooling-off period; keep the rows. Returns whether it is done.

    Bookings of upcoming events are cancelled, waitlist entries and offers end. Bookings stay,
    without the person, so totals do not change. The emails about that are sent now; where the mail
    server does not take them within SENDING_SECONDS, the periodic task erases name and email
    address later, unless at_once, which gives the emails up.
    Raises UserNotFound, OrganizerStays (upcoming events), LastSuperuser, EventBusy.
    """
    begin_erasure(user_id=user_id, cause=Erasure.Cause.OPERATOR)
    deliver_all(unsent_emails_of(user_id), seconds=SENDING_SECONDS)
    return finish_erasure(user_id=user_id, at_once=at_once)


def continue_erasure(*, user_id: UUID) -> None:
    """Do what is due of a deletion: cancel the bookings, or erase the person once emails are sent.

    Raises what `erase_person` raises.
    """
    begin_erasure(user_id=user_id)
    finish_erasure(user_id=user_id)


def begin_erasure(*, user_id: UUID, cause: Erasure.Cause = Erasure.Cause.REQUEST) -> None:
    """Cancel what lies ahead of a person, remove plain text, deactivate the account, once.

    The receipt is made, and its email queued; from now on, nothing can be undone.
    Raises UserNotFound, OrganizerStays, LastSuperuser, EventBusy.
    """

    def work() -> None:
        user = User.objects.filter(pk=user_id, deleted_at__isnull=True).first()
        if user is None:
            raise UserNotFound
        if user.deletion_started_at is not None:
            return
        refuse_organizer(user_id)
        counts = give_back_all(user_id)
        locked = lock_user(user_id)
        counts += start_erasure(locked)
        counts += forget_person(user_id=user_id)
        counts["trail_redacted"] += forget_in_trail(user_id=user_id)
        if locked.is_duplicate:
            # Not the address's owner: they get no email, and a restored copy ends by itself.
            return
        erasure = open_erasure(
            Account(
                counts,
                beyond_reach(user_id=user_id),
                requested_at=user.deletion_requested_at,
                key_due_at=now() + EMAIL_WAIT,
            ),
            user_id=user_id,
            cause=cause,
        )
        erasure_started.send(sender=User, user=locked, erasure=erasure)
        enqueue_on_commit(write_register)

    run_in_transaction(work)


def finish_erasure(*, user_id: UUID, at_once: bool = False) -> bool:
    """Make name and email address unreadable, once the emails about the bookings are sent.

    Emails are waited for until EMAIL_WAIT after the beginning, by when every attempt to send them
    is over (`notifications.operations.attempts`), or not at all if at_once.
    Returns whether it is done. Raises UserNotFound, LastSuperuser, EventBusy.
    """
    started = (
        User.objects.filter(pk=user_id, deletion_started_at__isnull=False)
        .values_list("deletion_started_at", flat=True)
        .first()
    )
    if started is None:
        return False
    unsent = bool(unsent_emails_of(user_id))
    if unsent and not at_once and now() < started + EMAIL_WAIT:
        return False

    def work() -> bool:
        # Once more: a request that was under way at the beginning may have booked or joined since.
        counts = give_back_all(user_id)
        user = lock_user(user_id)
        counts += erase_rows(user_id)
        _complete(user, counts, [LAST_EMAILS] if unsent else [])
        return True

    return run_in_transaction(work)


def erase_rows(user_id: UUID, *, even_last_superuser: bool = False) -> Counter[str]:
    """Remove plain text, close the account and destroy its key, inside the caller's transaction.

    Returns how many rows, by the names of `evently.erasure.receipts.DONE`.
    """
    counts = forget_person(user_id=user_id)
    counts += close_account(user_id=user_id, even_last_superuser=even_last_superuser)
    # Refused for a person who stays.
    counts["texts_erased"] += forget_messages(user_id=user_id)
    counts["returns_deleted"] += forget_addresses(user_id=user_id)
    counts["copies_deleted"] += forget_copies(user_id=user_id)
    forget_mutes(user_id=user_id)
    counts["trail_redacted"] += forget_in_trail(user_id=user_id)
    return counts


def complete_receipt(*, user_id: UUID) -> None:
    """Complete the receipt of a person whose key a release before receipts has destroyed."""

    def work() -> None:
        user = User.objects.filter(pk=user_id, deleted_at__isnull=False).first()
        if user is not None:
            _complete(user, Counter(keys_destroyed=1, digests_cleared=1), [])

    run_in_transaction(work)


def _complete(user: User, counts: Counter[str], given_up: list[Beyond]) -> None:
    """Complete the receipt; make one for an erasure that a release before receipts has begun."""
    if user.is_duplicate:
        return
    account = Account(
        counts,
        [*beyond_reach(user_id=user.pk), *given_up],
        requested_at=user.deletion_requested_at,
    )
    erasures = Erasure.objects.select_for_update().filter(
        user_id=user.pk, kind=Erasure.Kind.ERASED, completed_at__isnull=True
    )
    if (erasure := erasures.first()) is not None:
        complete_erasure(erasure, account)
    else:
        open_erasure(account, user_id=user.pk, cause=Erasure.Cause.REQUEST)
        enqueue_on_commit(write_register)
