"""Requests to delete an account. There are two ways to remove a person.

Erasing keeps the rows (`erasing.py`): the account is closed and its name and email address become
unreadable, while bookings stay as accounting records. It is what users get who delete their
account, after a cooling-off period (`request_deletion`); operators skip that. Deleting
(`deleting.py`) removes the rows, with everything that refers to them. Either way the person's seats
go to the waitlist, and the register of erasures has it, so that a restored backup removes the
person again.
"""

from collections.abc import Sequence
from uuid import UUID

from boxoffice.lifecycle.queries import events_ahead_of
from evently.accounts.links import read_deletion_token
from evently.accounts.locks import lock_user
from evently.accounts.models import User
from evently.accounts.operations.deletion import schedule_deletion
from evently.accounts.operations.passwords import lock_active
from evently.accounts.operations.rate_limits import count_email_request
from evently.database.identity import as_worker
from evently.errors import Conflict
from evently.formatting import as_list, counted
from evently.links import LinkExpired
from evently.origin import Origin
from evently.transactions import run_in_transaction
from events.models import Event

# Events that a refusal names.
NAMED = 3


class OrganizerStays(Conflict):
    """The person created events or has payments, which must not lose their owner."""

    code = "organizer_stays"
    message = (
        "This account has created events or has payments on record, whose rows have to stay. "
        "“Delete account” erases the person, and keeps them."
    )


class HasEventsAhead(OrganizerStays):
    """The person organizes events that are not over."""

    def __init__(self, events: Sequence[Event]) -> None:
        names = [f"“{event.name}”" for event in events[:NAMED]]
        if len(events) > NAMED:
            names.append(f"{len(events) - NAMED:,} more")
        super().__init__(
            f"This account organizes {counted(len(events), 'event')} that "
            f"{'is' if len(events) == 1 else 'are'} not over yet: {as_list(names)}. "
            "Cancel what is not going to take place; the account can be deleted once no such "
            "event is left."
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
def user_to_delete(*, token: str) -> User:
    """Return the user of an emailed link that deletes the account, also once it was used for that.

    Raises LinkExpired.
    """
    user_id, link_version = read_deletion_token(token)
    user: User | None = User.objects.with_keys().active().filter(pk=user_id).first()
    if user is None or not (user.is_leaving or user.link_version == link_version):
        raise LinkExpired
    return user


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
    """Raise HasEventsAhead for an organizer of events that are not over."""
    if events := events_ahead_of(user_id):
        raise HasEventsAhead(events)
