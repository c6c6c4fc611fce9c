"""Requests to delete an account. There are two ways to remove a person.

Erasing keeps the rows (`erasing.py`): the account is closed and its name and email address become
unreadable, while bookings stay as accounting records. It is what users get who delete their
account, after a cooling-off period (`request_deletion`); operators skip that. Deleting
(`deleting.py`) removes the rows, with everything that refers to them. Either way the person's seats
go to the waitlist, and the register of erasures has it, so that a restored backup removes the
person again.
"""

from uuid import UUID

from evently.accounts.links import read_deletion_token
from evently.accounts.locks import lock_user
from evently.accounts.models import User
from evently.accounts.operations.deletion import schedule_deletion
from evently.accounts.operations.passwords import lock_active
from evently.accounts.operations.rate_limits import count_email_request
from evently.database.identity import as_worker
from evently.errors import Conflict
from evently.origin import Origin
from evently.transactions import run_in_transaction
from events.models import Event


class OrganizerStays(Conflict):
    """The person created events or has payments, which must not lose their owner."""

    code = "organizer_stays"
    message = (
        "This account organizes upcoming events or has payments on record. "
        "Cancel the events or hand them over first."
    )


def request_deletion(*, user_id: UUID, origin: Origin, session: str | None = None) -> User:
    """Delete an account after the cooling-off period; may be repeated.

    The caller has made sure that the user asked for it: by the password, or a token for this.
    session: the caller's `get_session_auth_hash()`; see `lock_user`.
    Raises UserNotFound, OrganizerStays, LastSuperuser, SessionEnded, TooManyAttempts.
    """

    def work() -> User:
        user = lock_user(user_id, session=session)
        if user.deletion_due_at is None:
            count_email_request(user.email, origin)
        return _schedule(user)

    return run_in_transaction(work)


@as_worker()
def request_deletion_by_link(*, token: str) -> User:
    """Delete an account after the cooling-off period, by an emailed link, which works once.

    Raises LinkExpired, OrganizerStays, LastSuperuser.
    """
    user_id, link_version = read_deletion_token(token)
    return run_in_transaction(lambda: _schedule(lock_active(user_id, link_version)))


def _schedule(locked_user: User) -> User:
    refuse_organizer(locked_user.pk)
    schedule_deletion(locked_user)
    return locked_user


def refuse_organizer(user_id: UUID) -> None:
    """Raise OrganizerStays for an organizer of upcoming events."""
    if Event.objects.current().filter(created_by_id=user_id).exists():
        raise OrganizerStays
