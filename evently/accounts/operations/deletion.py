"""Deleting an account with a cooling-off period, in which a button in an email undoes it.

While a deletion is pending, what the user has stays: bookings with their tickets, waitlist entries
and offers, and logging in. New bookings and waitlist entries are refused by the database
(`trg_deletion_pending`). `boxoffice.lifecycle` requests deletions, since organizers with upcoming
events have to stay, and erases the account when it is due. See
docs/adr/0013-deleting-an-account.md.
"""

from collections import Counter
from uuid import UUID

from django.conf import settings
from django.db.models import F

from evently.accounts.links import read_keep_token
from evently.accounts.locks import UserNotFound, lock_user
from evently.accounts.models import ApiToken, User, UserSession
from evently.accounts.operations.passwords import WrongPassword, password_matches
from evently.accounts.operations.rate_limits import PASSWORD_CHECKS, count_email_request
from evently.accounts.operations.registration import AccountInactive
from evently.accounts.operations.users import refuse_last_superuser
from evently.accounts.signals import deletion_link_requested, deletion_requested
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.errors import Conflict
from evently.idempotency.keys import Idempotency
from evently.links import LinkExpired
from evently.origin import Origin
from evently.throttle import count, forgive
from evently.transactions import refuse_at_commit, run_in_transaction


class DeletionPending(AccountInactive):
    """The user asked for the deletion of the account, so nothing new can be booked."""

    code = "deletion_pending"
    message = (
        "This account is going to be deleted, so it cannot book or join waitlists. "
        "Choose “Keep my account” first."
    )


class DeletionStarted(Conflict):
    """Upcoming bookings have been cancelled already."""

    code = "deletion_started"
    message = "The account is being deleted, which can no longer be undone."


class AccountGone(LinkExpired):
    """The link that keeps an account was opened after the account was deleted."""

    message = "This account has been deleted, which can no longer be undone."


refuse_at_commit(trg_deletion_pending=DeletionPending)


def check_password(*, user_id: UUID, password: str) -> None:
    """Check a user's password before something that cannot be left to a stolen session.

    Raises WrongPassword, TooManyAttempts, UserNotFound.
    """
    counted = count((PASSWORD_CHECKS, str(user_id)))
    user = User.objects.active().filter(pk=user_id).first()
    if user is None:
        raise UserNotFound
    if not password_matches(user, password):
        raise WrongPassword(fields={"password": WrongPassword.message})
    forgive(counted)


def request_deletion_link(*, user_id: UUID, origin: Origin) -> None:
    """Email a link that deletes the account, to a user who has no password to confirm it with.

    Raises TooManyAttempts, UserNotFound.
    """

    def work() -> None:
        user = lock_user(user_id)
        count_email_request(user.email, origin)
        deletion_link_requested.send(sender=User, user=user)

    run_in_transaction(work)


def schedule_deletion(locked_user: User) -> None:
    """Let the account be deleted after the cooling-off period, inside the caller's transaction.

    Does nothing if that is pending already. The owner is notified by email.
    Raises LastSuperuser.
    """
    if locked_user.deletion_due_at is not None:
        return
    refuse_last_superuser(locked_user)
    locked_user.deletion_requested_at = now()
    locked_user.deletion_due_at = (
        locked_user.deletion_requested_at + settings.ACCOUNT_DELETION_DELAY
    )
    # Emailed links that were not used yet end, the one that confirmed the deletion included.
    locked_user.link_version += 1
    locked_user.save(update_fields=["deletion_requested_at", "deletion_due_at", "link_version"])
    locked_user.refresh_from_db(fields=["version", "updated_at"])
    deletion_requested.send(sender=User, user=locked_user)


def undo_deletion(
    *, user_id: UUID, session: str | None = None, idempotency: Idempotency | None = None
) -> User:
    """Keep an account whose deletion is pending; may be repeated.

    session: the caller's `get_session_auth_hash()`; see `lock_user`.
    Raises UserNotFound, DeletionStarted, SessionEnded, Replayed.
    """

    def work() -> User:
        return _undo(lock_user(user_id, session=session))

    return run_in_transaction(work, idempotency=idempotency)


@as_worker()
def undo_deletion_by_link(*, token: str) -> User:
    """Keep an account by the link in the email about its deletion; may be repeated.

    Raises LinkExpired, DeletionStarted.
    """
    user_id = user_to_keep(token=token).pk

    def work() -> User:
        try:
            return _undo(lock_user(user_id))
        except UserNotFound:
            raise LinkExpired from None

    return run_in_transaction(work)


@as_worker()
def user_to_keep(*, token: str) -> User:
    """Return the user of a link that undoes a deletion, whether it is pending or undone.

    Raises LinkExpired, also for the link of an earlier deletion while another one is pending;
    AccountGone.
    """
    user_id, requested = read_keep_token(token)
    user = User.objects.with_keys().filter(pk=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise AccountGone
    if user.deletion_requested_at not in (None, requested):
        raise LinkExpired
    return user


def _undo(locked_user: User) -> User:
    if locked_user.deletion_started_at is not None:
        raise DeletionStarted
    if locked_user.deletion_due_at is not None:
        locked_user.deletion_requested_at = locked_user.deletion_due_at = None
        locked_user.save(update_fields=["deletion_requested_at", "deletion_due_at"])
        locked_user.refresh_from_db(fields=["version", "updated_at"])
    return locked_user


def start_erasure(locked_user: User) -> Counter[str]:
    """Deactivate an account that is being erased, inside the caller's transaction.

    Sessions, emailed links and tokens end. Name and email address stay until the emails about
    cancelled bookings are sent (`closing.close_account`). The caller has cancelled the bookings,
    and announces `erasure_started`. Returns how many rows, by the names of
    `evently.erasure.receipts.DONE`. Raises LastSuperuser.
    """
    refuse_last_superuser(locked_user)
    at = now()
    tokens, _ = ApiToken.objects.filter(user_id=locked_user.pk).delete()
    sessions, _ = UserSession.objects.filter(user_id=locked_user.pk).delete()
    User.objects.filter(pk=locked_user.pk).update(
        is_active=False,
        session_version=F("session_version") + 1,
        link_version=F("link_version") + 1,
        deletion_requested_at=locked_user.deletion_requested_at or at,
        deletion_due_at=locked_user.deletion_due_at or at,
        deletion_started_at=at,
    )
    return Counter(logins_ended=tokens, sessions_ended=sessions)
