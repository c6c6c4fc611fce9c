"""Locking users."""

from uuid import UUID

from django.utils.crypto import constant_time_compare

from evently.accounts.models import User
from evently.errors import NotAllowed, NotFound


class UserNotFound(NotFound):
    """No user has this id or email address, or the account was deleted."""

    code = "user_not_found"
    message = "We could not find this account."


class SessionEnded(NotAllowed):
    """The session that sent the request ended while the request was running."""

    code = "session_ended"
    message = "You have been logged out. Please log in again."


def lock_user(user_id: UUID, *, session: str | None = None) -> User:
    """Lock a user until commit, with their key; events are locked before users.

    session: the caller's `get_session_auth_hash()`, compared once the lock is held. Without it, a
    request that was running while the user was logged out would wait for the lock, and then give
    the caller a new password, token or session.
    Raises UserNotFound, SessionEnded.
    """
    users = User.objects.with_keys().select_for_update(of=("self",), no_key=True)
    user = users.filter(pk=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise UserNotFound
    if session is not None and not constant_time_compare(session, user.get_session_auth_hash()):
        raise SessionEnded
    return user
