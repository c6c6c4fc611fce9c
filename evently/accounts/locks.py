"""The ways to lock a user's row."""

from uuid import UUID

from django.utils.crypto import constant_time_compare

from evently.accounts.models import User
from evently.errors import NotAllowed, NotFound


class UserNotFound(NotFound):
    """There is nobody with this id or address, or they have left."""

    code = "user_not_found"
    message = "There is no account like that."


class SessionEnded(NotAllowed):
    """What let this person in has ended while their request was under way."""

    code = "session_ended"
    message = "You were logged out in the meantime. Please log in again."


def lock_user(user_id: UUID, *, session: str | None = None) -> User:
    """Lock a user until commit, with their key; events are locked before users.

    session: the `get_session_auth_hash()` of whoever acts. Without it, a request under way while
    somebody is shut out would wait for the lock, and then give them a new way in.
    Raises UserNotFound, SessionEnded.
    """
    users = User.objects.with_keys().select_for_update(of=("self",), no_key=True)
    user = users.filter(pk=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise UserNotFound
    if session is not None and not constant_time_compare(session, user.get_session_auth_hash()):
        raise SessionEnded
    return user
